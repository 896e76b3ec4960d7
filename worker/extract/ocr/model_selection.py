"""In which language a page is read: pure decisions about what was read so far.

One model reads a page, never two together (that costs half as much again and reads worse). The page
before, or the first configured language, says which; a reading that fits badly is doubted, and one more
model is asked. Measured on the samples (mean confidence of the page, Tesseract 5.3, tessdata_fast):

    read as        Japanese   English    vertical   turned
    jpn            88..93     67..91     20..26     18..34
    eng            14..15     91..96     25..32     14..25
    jpn_vert       20..55     -          88..92     14..17

English read as jpn comes out as Latin letters (over 99 %), so the script gives it away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.tesseract_tsv import Reading, reading_of
from worker.extract.text.script import HAN, LATIN, script_shares

_INVENTED = 40.0
"""A line under this, on a page that is poor, was made of specks and edges: what two photos without text gave
(17 and 7 characters) stayed below."""
_TOO_FEW_CHARS = 10
"""So few characters, read poorly, are no text either: a photo gave four, two of them at 51."""
_FEWEST_SIGNS = 20
_PATTERN_SHARE = 0.5
"""Of a reading's characters, those of its three commonest: writing 0.2 to 0.4, patterns over 0.5."""
_SURE, _FEWEST_SURE_LETTERS = 80.0, 8
"""Different letters in words of that confidence: patterns 0 to 3, tables of contents from 10 on."""
_FEWEST_PIECES = 4
_LONGEST_PIECE = 2.5
_POOR = 60.0
"""Below this the reading is rubbish: wrong model, or a picture that is turned, skewed or spoilt."""
_SURE_OF_LATIN = 80.0
"""A Latin model below this may have met kana and kanji, of which it makes letters."""
_SURE_OF_VERTICAL = 85.0
"""Below, the page after a vertical one may be a level one: clean lines are read as columns at up to 77."""
_MOSTLY_LATIN = 0.95
_CJK_LANGUAGES = ("jpn", "chi_sim", "chi_tra", "kor")
_VERTICAL_BLOCK_PSM = 5
_AUTOMATIC_PSM = 3


def first_language(languages: Sequence[str], hint: str | None) -> str:
    """The model to read first: the hint where it is one of a configured language, else the likeliest.

    A hint that is only a script (`language_of_text`) calls for the first language that is written in it.
    """
    if hint is not None and language_of(hint) in languages:
        return hint
    if hint in (LATIN, HAN):
        return next((name for name in languages if _reads_cjk(name) is (hint == HAN)), languages[0])
    return languages[0]


def psm_of(model: str) -> int:
    """Page segmentation mode for a model: one vertical block (5), else automatic (3).

    Mode 4 (one column) saves 4 % of the time and mixes up columns: 0.77 instead of 0.99 of the
    two-column sample. Mode 5 keeps the order of vertical text in two tiers better than 3 (0.61, 0.48).
    """
    return _VERTICAL_BLOCK_PSM if model.endswith(VERTICAL_SUFFIX) else _AUTOMATIC_PSM


def is_poor(reading: Reading) -> bool:
    """Whether nothing, or next to nothing, can be believed of a reading."""
    return reading.confidence is None or reading.confidence < _POOR


def drop_noise(reading: Reading) -> Reading:
    """The reading without the lines nobody would believe; one that is not poor stays as it is."""
    if not any(map(str.isalnum, reading.text)):
        return reading_of(())  # bars and dots
    if not is_poor(reading):
        return reading
    kept = reading_of([line for line in reading.lines if line.confidence >= _INVENTED])
    if _is_pattern(kept):
        return reading_of(())
    return reading_of(()) if is_poor(kept) and kept.chars < _TOO_FEW_CHARS else kept


def _is_pattern(reading: Reading) -> bool:
    """Whether a few signs return over and over, as bricks, weaves and scribbles are read.

    So are the leaders of a table of contents, too, but beside them stand words that are sure.
    """
    sure = {
        char
        for line in reading.lines
        for word in line.words
        if word.confidence >= _SURE
        for char in word.text
    }
    if sum(map(str.isalpha, sure)) >= _FEWEST_SURE_LETTERS:
        return False
    text = reading.text.casefold()
    signs = Counter(char for char in text if not char.isspace() and not char.isdigit())
    repeated = sum(count for _, count in signs.most_common(3))
    return signs.total() >= _FEWEST_SIGNS and repeated > _PATTERN_SHARE * signs.total()


def is_cut_across(reading: Reading) -> bool:
    """Whether Japanese was read in pieces of a character or two a line: columns, taken for one block."""
    lines = len(reading.lines)
    return (
        lines >= _FEWEST_PIECES
        and reading.chars <= _LONGEST_PIECE * lines
        and script_shares(reading.text).cjk > 0.5
    )


def is_invented(reading: Reading, again: Reading) -> bool:
    """Whether what a second pass made of a reading that nobody would believe is no better than that.

    A network finds a letter or two in the grain of a photo, and is sure of them; it takes more to say that
    there is writing where the first pass saw none.
    """
    return not drop_noise(reading).chars and drop_noise(again).chars < _TOO_FEW_CHARS


def fits(reading: Reading, model: str) -> bool:
    """Whether a reading is believable in the language it was read in.

    An empty one fits: the layout, which no model changes, found nothing to read.
    """
    if reading.confidence is None:
        return True
    if model.endswith(VERTICAL_SUFFIX):
        return reading.confidence >= _SURE_OF_VERTICAL
    if _reads_cjk(model):
        return not is_poor(reading) and script_shares(reading.text).latin <= _MOSTLY_LATIN
    return reading.confidence >= _SURE_OF_LATIN


def next_model(reading: Reading, model: str, languages: Sequence[str], tried: Collection[str]) -> str | None:
    """The model to ask after a reading that fits badly, None when no other promises more.

    What a CJK model read tells the script: Latin letters call for a Latin language, anything else for
    vertical text. What a Latin model read tells nothing, since it knows no other letters.
    """
    cjk = [language for language in languages if _reads_cjk(language)]
    latin = [language for language in languages if not _reads_cjk(language)]
    if not _reads_cjk(model):
        candidates = [*cjk, *latin]
    elif script_shares(reading.text).latin > 0.5:
        candidates = latin
    else:
        candidates = [language_of(model) + VERTICAL_SUFFIX, *cjk]
    return next((candidate for candidate in candidates if candidate not in tried), None)


def better(first: tuple[str, Reading], second: tuple[str, Reading]) -> tuple[str, Reading]:
    """The more believable of two readings, each with its model.

    Kana or kanji read with confidence beat a Latin reading that is not sure of itself. Else confidence
    decides, the second winning a tie, unless one found far less text: a page number read perfectly
    is no reading of the page.
    """
    for one, other in ((first, second), (second, first)):
        if _shows_cjk(*one) and not _shows_cjk(*other) and not fits(other[1], other[0]):
            return one
    most_chars = max(first[1].chars, second[1].chars, 1)
    return second if _worth(*second, most_chars) >= _worth(*first, most_chars) else first


def _worth(model: str, reading: Reading, most_chars: int) -> float:
    if _is_line_on_end(model, reading):
        return 0.0
    return (reading.confidence or 0.0) ** 2 * min(1.0, 2 * reading.chars / most_chars)


def _is_line_on_end(model: str, reading: Reading) -> bool:
    """Whether a level line was read as columns of one character each, from right to left."""
    return model.endswith(VERTICAL_SUFFIX) and reading.chars == len(reading.lines) > 1


def _shows_cjk(model: str, reading: Reading) -> bool:
    return (
        _reads_cjk(model)
        and reading.confidence is not None
        and fits(reading, model)
        and not _is_line_on_end(model, reading)
        and (script_shares(reading.text).cjk > 1 - _MOSTLY_LATIN)
    )


def _reads_cjk(model: str) -> bool:
    return language_of(model) in _CJK_LANGUAGES
