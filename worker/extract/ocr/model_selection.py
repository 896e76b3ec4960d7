"""Which Tesseract model reads a page: pure decisions about what was read so far.

One model reads a page, never two together: that costs half as much again and reads worse. The page before,
or the first configured language, is the first choice; a text of low quality is followed by one more model.
The hint of the page before comes with each page permit (sandbox/run_state.py, language_hint.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.tesseract_tsv import OcrText
from worker.extract.text.script import HAN, LATIN, script_shares

# Mean confidence of a page, on the samples (Tesseract 5.3, tessdata_fast); the limits below follow from it:
#
#     model       Japanese   English    vertical   rotated
#     jpn         88..93     67..91     20..26     18..34
#     eng         14..15     91..96     25..32     14..25
#     jpn_vert    20..55     -          88..92     14..17
_LOW_CONFIDENCE = 60.0
"""Below: the wrong model, or an image that is rotated, skewed or damaged."""
_PLAUSIBLE_LATIN = 80.0
"""A Latin model below this may have met kana and kanji, which it reads as Latin letters."""
_PLAUSIBLE_VERTICAL = 85.0
"""Below, a page after a vertical one may be horizontal: clean lines are read as columns at up to 77."""
_MOSTLY_LATIN = 0.95
"""English read by a CJK model comes out as Latin letters (over 0.99), so its script shows the wrong model."""

_NOISE_CONFIDENCE = 40.0
"""A line under this, on a page of low confidence, is noise: two photos without text gave 17 and 7 characters
below it."""
_MIN_CHARS = 10
"""Fewer characters of low confidence are noise, too: a photo gave four, two of them at 51."""
_MIN_PATTERN_CHARS = 20
_PATTERN_SHARE = 0.5
"""Share of the three commonest characters: text 0.2 to 0.4, patterns over 0.5."""
_SURE, _MIN_SURE_LETTERS = 80.0, 8
"""Different letters in words of that confidence: patterns 0 to 3, tables of contents from 10 on."""
_MIN_COLUMN_PIECES = 4
_MAX_PIECE_CHARS = 2.5
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
    """Page segmentation mode for a model: one vertical block (5), else automatic (3)."""
    # Mode 4 (one column) saves 4 % of the time and mixes up columns: 0.77 instead of 0.99 of the two-column
    # sample. Mode 5 keeps the order of vertical text in two tiers better than 3 (0.61, 0.48).
    return _VERTICAL_BLOCK_PSM if model.endswith(VERTICAL_SUFFIX) else _AUTOMATIC_PSM


def is_low_confidence(ocr_text: OcrText) -> bool:
    """Whether a text has no words, or words of low confidence."""
    return ocr_text.confidence is None or ocr_text.confidence < _LOW_CONFIDENCE


def drop_noise(ocr_text: OcrText) -> OcrText:
    """The text without the lines that are noise; one that is not of low confidence stays as it is."""
    if not any(map(str.isalnum, ocr_text.text)):
        return OcrText.from_lines(())  # bars and dots
    if not is_low_confidence(ocr_text):
        return ocr_text
    rest = OcrText.from_lines([line for line in ocr_text.lines if line.confidence >= _NOISE_CONFIDENCE])
    if _is_pattern(rest) or (is_low_confidence(rest) and rest.chars < _MIN_CHARS):
        return OcrText.from_lines(())
    return rest


def _is_pattern(ocr_text: OcrText) -> bool:
    """Whether a few characters repeat over and over, as Tesseract reads bricks, weaves and scribbles."""
    # The leaders of a table of contents repeat, too, but beside them are words of high confidence.
    sure = {
        char
        for line in ocr_text.lines
        for word in line.words
        if word.confidence >= _SURE
        for char in word.text
    }
    if sum(map(str.isalpha, sure)) >= _MIN_SURE_LETTERS:
        return False
    text = ocr_text.text.casefold()
    chars = Counter(char for char in text if not char.isspace() and not char.isdigit())
    repeated = sum(count for _, count in chars.most_common(3))
    return chars.total() >= _MIN_PATTERN_CHARS and repeated > _PATTERN_SHARE * chars.total()


def is_split_into_columns(ocr_text: OcrText) -> bool:
    """Whether Japanese has a character or two a line: columns of a vertical page, read as one block."""
    lines = len(ocr_text.lines)
    return (
        lines >= _MIN_COLUMN_PIECES
        and ocr_text.chars <= _MAX_PIECE_CHARS * lines
        and script_shares(ocr_text.text).cjk > 0.5
    )


def has_only_noise(first_pass: OcrText, second_pass: OcrText) -> bool:
    """Whether a first pass read nothing but noise, and a second pass over its lines read no more."""
    # A neural network reads a character or two in the noise of a photo, and is sure of them.
    return not drop_noise(first_pass).chars and drop_noise(second_pass).chars < _MIN_CHARS


def is_plausible(ocr_text: OcrText, model: str) -> bool:
    """Whether a text may be in the language of the model that read it."""
    if ocr_text.confidence is None:
        return True  # the layout analysis, which is the same for every model, found nothing to read
    if model.endswith(VERTICAL_SUFFIX):
        return ocr_text.confidence >= _PLAUSIBLE_VERTICAL
    if _reads_cjk(model):
        return not is_low_confidence(ocr_text) and script_shares(ocr_text.text).latin <= _MOSTLY_LATIN
    return ocr_text.confidence >= _PLAUSIBLE_LATIN


def next_model(ocr_text: OcrText, model: str, languages: Sequence[str], tried: Collection[str]) -> str | None:
    """The model to try after a text that is not plausible, None when no other is likely to read more."""
    cjk = [language for language in languages if _reads_cjk(language)]
    latin = [language for language in languages if not _reads_cjk(language)]
    if not _reads_cjk(model):
        # A Latin model has no other letters, so what it read says nothing of the script.
        candidates = [*cjk, *latin]
    elif script_shares(ocr_text.text).latin > 0.5:
        candidates = latin
    else:
        candidates = [language_of(model) + VERTICAL_SUFFIX, *cjk]
    return next((candidate for candidate in candidates if candidate not in tried), None)


def pick_better(first: tuple[str, OcrText], second: tuple[str, OcrText]) -> tuple[str, OcrText]:
    """The more plausible of two texts, each with the model that read it."""
    # Plausible kana and kanji win over a Latin text that is not plausible, whatever the confidences.
    for one, other in ((first, second), (second, first)):
        if (
            _has_plausible_cjk(*one)
            and not _has_plausible_cjk(*other)
            and not is_plausible(other[1], other[0])
        ):
            return one
    most_chars = max(first[1].chars, second[1].chars, 1)
    return second if _score(*second, most_chars) >= _score(*first, most_chars) else first


def _score(model: str, ocr_text: OcrText, most_chars: int) -> float:
    if _is_horizontal_line(model, ocr_text):
        return 0.0
    # A page number read perfectly is not the text of the page: far fewer characters lower the score.
    return (ocr_text.confidence or 0.0) ** 2 * min(1.0, 2 * ocr_text.chars / most_chars)


def _is_horizontal_line(model: str, ocr_text: OcrText) -> bool:
    """Whether a vertical model read a horizontal line, as columns of one character from right to left."""
    return model.endswith(VERTICAL_SUFFIX) and ocr_text.chars == len(ocr_text.lines) > 1


def _has_plausible_cjk(model: str, ocr_text: OcrText) -> bool:
    return (
        _reads_cjk(model)
        and ocr_text.confidence is not None
        and is_plausible(ocr_text, model)
        and not _is_horizontal_line(model, ocr_text)
        and (script_shares(ocr_text.text).cjk > 1 - _MOSTLY_LATIN)
    )


def _reads_cjk(model: str) -> bool:
    return language_of(model) in _CJK_LANGUAGES
