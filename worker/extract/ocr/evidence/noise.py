"""Lines that are no text: what a model reads in photographs, weaves, rules and scribbles."""

from __future__ import annotations

from collections import Counter

from worker.extract.ocr.tesseract_tsv import Line, OcrText
from worker.extract.text.plausibility import plausibility

_LOW_CONFIDENCE = 60.0
"""Below: the wrong model, or an image that is rotated, skewed or damaged."""
_NOISE_CONFIDENCE = 40.0
"""A line under this, on a page of low confidence, is noise: two photos without text gave 17 and 7 characters
below it."""
_MIN_CHARS = 10
"""Fewer characters of low confidence are noise, too: a photo gave four, two of them at 51."""
_HOPELESS, _MANY_CHARS = 45.0, 60
"""Fewer characters of less confidence need to be words: fur gave 31 of 28, leaves 26 of 42."""
_NOTHING = 33.0
"""Below, no text of any length: blinds gave 70 characters of 20, fur 27 of 32."""
_SCATTERED_LINES = 3
"""So many lines of hardly a character each, unsure: bricks gave `1`, `it` and `|` at 63."""
_PLAUSIBLE, _SURELY_TEXT, _WORDS = 0.62, 0.75, 0.82
"""Turned pages and photographs came to 0.66 at most, real pages to 0.85 and more."""
_FEWEST_APART = 3
"""Characters that stand apart, as in a spaced title, and are still taken for a text."""
_MIN_PATTERN_CHARS = 20
_PATTERN_SHARE = 0.5
"""Share of the three commonest characters: text 0.2 to 0.4, patterns over 0.5."""
_SURE, _MIN_SURE_LETTERS = 80.0, 8
"""Different letters in words of that confidence: patterns 0 to 3, tables of contents from 10 on."""


def drop_noise(ocr_text: OcrText) -> OcrText:
    """The text without the lines that are noise; one that is not of low confidence stays as it is."""
    if is_stray(ocr_text) or _is_scattered(ocr_text):
        return OcrText.from_lines(())
    if not is_low_confidence(ocr_text):
        return (
            ocr_text if _has_evidence(ocr_text) or ocr_text.chars >= _MIN_CHARS else _without_unsure(ocr_text)
        )
    rest = OcrText.from_lines([line for line in ocr_text.lines if _may_be_text(line)])
    if _is_hopeless(rest) or _is_pattern(rest) or (is_low_confidence(rest) and not _has_evidence(rest)):
        return OcrText.from_lines(())
    return rest


def is_stray(ocr_text: OcrText) -> bool:
    """Whether a whole page yields but bars and dots, or one or two characters, each on its own.

    Icons and small photographs do: a screen is read as a 7 with 98.7 % confidence, headphones as a U. Two
    digits together may be the number of a page.
    """
    words = ["".join(filter(str.isalnum, word.text)) for word in ocr_text.words]
    return max(map(len, words), default=0) < 2 and sum(map(len, words)) < _FEWEST_APART


def _is_hopeless(ocr_text: OcrText) -> bool:
    confidence = ocr_text.confidence or 0.0
    is_little = ocr_text.chars < _MANY_CHARS and confidence < _HOPELESS
    return confidence < _NOTHING or (is_little and plausibility(ocr_text.text) < _WORDS)


def _is_scattered(ocr_text: OcrText) -> bool:
    """Whether unsure lines have hardly a character each, or the same two over and over."""
    chars = [char for char in ocr_text.text.casefold() if char.isalnum()]
    lines = len(ocr_text.lines)
    is_thin = len(chars) < 2 * lines or (len(chars) > 2 * lines and len(set(chars)) <= 2)
    return lines >= _SCATTERED_LINES and is_thin and (ocr_text.confidence or 0.0) < _SURE


def _may_be_text(line: Line) -> bool:
    # A model may be unsure of a whole table, and right; words do not come about by chance.
    is_text = line.chars >= _MIN_CHARS and plausibility(line.text) >= _SURELY_TEXT
    return is_text or line.confidence >= _NOISE_CONFIDENCE


def _has_evidence(ocr_text: OcrText) -> bool:
    """Whether something besides the confidence speaks for a text: enough of it, in words."""
    score = plausibility(ocr_text.text)
    return score >= _PLAUSIBLE and (ocr_text.chars >= _MIN_CHARS or (ocr_text.confidence or 0.0) >= _SURE)


def _without_unsure(ocr_text: OcrText) -> OcrText:
    """A few characters without the lines that are neither sure nor words."""
    return OcrText.from_lines(
        [line for line in ocr_text.lines if line.confidence >= _SURE or plausibility(line.text) >= _PLAUSIBLE]
    )


def has_only_noise(first_pass: OcrText, second_pass: OcrText) -> bool:
    """Whether a first pass read nothing but noise, and a second pass over its lines read no more."""
    # A neural network reads a character or two in the noise of a photo, and is sure of them.
    return not drop_noise(first_pass).chars and drop_noise(second_pass).chars < _MIN_CHARS


def is_low_confidence(ocr_text: OcrText) -> bool:
    """Whether a text has no words, or words of low confidence."""
    return ocr_text.confidence is None or ocr_text.confidence < _LOW_CONFIDENCE


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
