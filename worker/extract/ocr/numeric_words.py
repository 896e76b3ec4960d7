"""Numbers and codes of a Japanese reading, checked by the model that knows Latin digits better.

The Japanese model reads a zero with a stroke, as tills and line printers have it, as a 6 or a 9, and is sure
of it. The words of digits are cut out, put under each other into one picture, and read in one pass.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word
from worker.extract.text.script import is_unspaced

_CODE = re.compile(r"[0-9A-Za-z.,:/\-+#%()¥$]*\d[0-9A-Za-z.,:/\-+#%()¥$]*")
_MIN_CHARS = 2
_SAMPLED, _MOST = 12, 400
"""Words that are checked first; where all agree, the font is one that the Japanese model knows."""
_ROW_PX, _PITCH_PX, _LEFT_PX = 36, 72, 20
_MAX_WIDTH_EMS = 16.0
_MARGIN = 0.15
"""Part of a line's height that is added around a word."""
_CLEAR_GAP = 0.25
"""Part of a line's height: a neighbour that is closer is in the picture, too, and is read with the word."""
_NEIGHBOUR = 0.6
"""Part of a line's height by which a word's box may be too short: the boxes of the model are estimates."""
_SURE = 80.0
_SYSTEMATIC = 3
"""So many words in which one character became another: that is the font, and no accident."""
_MIN_AGREEING = 0.3
"""Share of characters that both readings must have in common to be of the same word."""

Read = Callable[[Image.Image], OcrText]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A word on the page: which line, which word of it, and whether its neighbours keep their distance."""

    line: int
    word: int
    is_clear_left: bool
    is_clear_right: bool


def check_numbers(picture: Image.Image, ocr_text: OcrText, read: Read) -> OcrText:
    """The text with the numbers and codes that `read` reads otherwise, and as the same kind of word."""
    lines = list(ocr_text.lines)
    places = [place for number, line in enumerate(lines) for place in _places(number, line)][:_MOST]
    step = max(1, len(places) // _SAMPLED)
    sampled = places[::step][:_SAMPLED]
    found = _read_words(picture, lines, sampled, read)
    if not found:
        return ocr_text
    found |= _read_words(picture, lines, [place for place in places if place not in sampled], read)
    for place, text in _credible(found, lines).items():
        line = lines[place.line]
        words = list(line.words)
        words[place.word] = replace(words[place.word], text=text)
        lines[place.line] = replace(line, words=tuple(words))
    return OcrText.from_lines(lines)


def _credible(found: Mapping[_Place, Word], lines: Sequence[Line]) -> dict[_Place, str]:
    """The words that were read otherwise with confidence, or as others on the page were."""
    changes = {
        place: {
            pair
            for pair in zip(lines[place.line].words[place.word].text, word.text, strict=True)
            if pair[0] != pair[1]
        }
        for place, word in found.items()
    }
    counts = Counter(pair for pairs in changes.values() for pair in pairs)
    return {
        place: word.text
        for place, word in found.items()
        if word.confidence >= _SURE or all(counts[pair] >= _SYSTEMATIC for pair in changes[place])
    }


def _places(number: int, line: Line) -> list[_Place]:
    places = []
    gap = _CLEAR_GAP * line.height
    for index, word in enumerate(line.words):
        if len(word.text) < _MIN_CHARS or not _CODE.fullmatch(word.text) or word.width < word.height // 2:
            continue
        before = line.words[index - 1] if index else None
        after = line.words[index + 1] if index + 1 < len(line.words) else None
        is_clear_left = before is None or (
            not is_unspaced(before.text[-1]) or word.left - before.left - before.width >= gap
        )
        is_clear_right = after is None or (
            not is_unspaced(after.text[0]) or after.left - word.left - word.width >= gap
        )
        places.append(
            _Place(line=number, word=index, is_clear_left=is_clear_left, is_clear_right=is_clear_right)
        )
    return places


def _read_words(
    picture: Image.Image, lines: Sequence[Line], places: Sequence[_Place], read: Read
) -> dict[_Place, Word]:
    """The words among these places that are read otherwise."""
    if not places:
        return {}
    cuts = [_cut(picture, lines[place.line], place) for place in places]
    width = 2 * _LEFT_PX + max(cut.width for cut in cuts)
    sheet = Image.new("L", (width, _PITCH_PX * (len(cuts) + 1)), 255)
    for row, cut in enumerate(cuts):
        sheet.paste(cut, (_LEFT_PX, _PITCH_PX * row + _PITCH_PX // 2))
    rows: dict[int, list[Word]] = {}
    for word in read(sheet).words:
        rows.setdefault((word.top + word.height // 2 - _PITCH_PX // 4) // _PITCH_PX, []).append(word)
    found = {}
    for row, place in enumerate(places):
        first = lines[place.line].words[place.word]
        second = _agreement(first, rows.get(row, []), place)
        if second is not None and second.text != first.text:
            found[place] = second
    return found


def _cut(picture: Image.Image, line: Line, place: _Place) -> Image.Image:
    word = line.words[place.word]
    margin = round(_MARGIN * line.height)
    # The box of a word that touches kanji is uncertain at that side: what is cut off there is lost, what is
    # too much is read as more characters, which are left out.
    left = word.left - (margin if place.is_clear_left else round(_NEIGHBOUR * line.height))
    right = word.left + word.width + margin
    cut = picture.crop(
        (
            max(0, left),
            max(0, line.top - margin),
            min(picture.width, right),
            min(picture.height, line.top + line.height + margin),
        )
    )
    scale = _ROW_PX / max(1, cut.height)
    width = max(1, min(round(cut.width * scale), round(_MAX_WIDTH_EMS * _ROW_PX)))
    return cut.resize((width, _ROW_PX), Image.Resampling.BICUBIC)


def _agreement(first: Word, second: Sequence[Word], place: _Place) -> Word | None:
    """What the second reading has in place of the first; None where it is not the same kind of word."""
    text = "".join(word.text for word in second)
    excess = len(text) - len(first.text)
    if excess < 0 or (excess and place.is_clear_left is place.is_clear_right):
        return None
    if excess:
        text = text[: len(first.text)] if place.is_clear_left else text[excess:]
    pairs = list(zip(first.text, text, strict=True))
    is_same_kind = all(
        _kind(one) == _kind(other) or (other.isdigit() and one.isalnum()) for one, other in pairs
    )
    if not is_same_kind or sum(one == other for one, other in pairs) < _MIN_AGREEING * len(pairs):
        return None
    return replace(first, text=text, confidence=min(word.confidence for word in second))


def _kind(char: str) -> str:
    return "digit" if char.isdigit() else "character" if char.isalpha() else char
