"""How good a reading is, on one scale for all models.

Each model has its own scale of confidence: over a Dutch table the Japanese model is surer of its nonsense
than the English one of the words. So readings are compared by how much plausible text they have.
"""

from __future__ import annotations

from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.tesseract_tsv import OcrText
from worker.extract.text.plausibility import plausibility
from worker.extract.text.script import script_shares

# Samples of eight lines, 0.13 of a page (plausibility; confidence):
#
#     the right model, upright     0.85..0.96; 80..95
#     a turned page                0.38..0.69; 5..39
#     Japanese read by eng         0.50..0.65; 11..51
#     horizontal lines in columns  0.54..0.61; 34..62
_CONVINCING = ((0.75, 60.0), (0.55, 80.0))
"""Plausibility and confidence: a list of names and numbers is hardly a text, and is read with confidence."""
_FAIR_CONFIDENCE = 70.0
_NO_TEXT = 0.5
"""Plausibility of characters that no language explains."""
_MOSTLY_LATIN = 0.95
"""English read by a CJK model comes out as Latin characters (over 0.99)."""
_MIN_WORDS = 0.1
"""Share of characters that are no digits or symbols; figures alone are of no script."""
_AS_GOOD = 0.8
_CJK_LANGUAGES = ("jpn", "chi_sim", "chi_tra", "kor")


def reads_cjk(model: str) -> bool:
    """Whether a model is one of a language in kana, kanji or hangul."""
    return language_of(model) in _CJK_LANGUAGES


def is_convincing(ocr_text: OcrText) -> bool:
    """Whether a text is one in all probability, whatever another model or another turn may read."""
    score, confidence = plausibility(ocr_text.text), ocr_text.confidence or 0.0
    return any(score >= text and confidence >= sure for text, sure in _CONVINCING)


def plausible_chars(ocr_text: OcrText) -> float:
    """How many characters of a text stand for words, those that would be there by chance taken off."""
    return ocr_text.chars * max(0.0, plausibility(ocr_text.text) - _NO_TEXT) / (1 - _NO_TEXT)


def is_latin(ocr_text: OcrText) -> bool:
    """Whether a text has words, and nearly all of their characters are Latin ones."""
    words = sum(map(str.isalpha, ocr_text.text))
    return words > _MIN_WORDS * ocr_text.chars and script_shares(ocr_text.text).latin > _MOSTLY_LATIN


def is_horizontal_line(model: str, ocr_text: OcrText) -> bool:
    """Whether a vertical model read a horizontal line, as columns of one character from right to left."""
    return model.endswith(VERTICAL_SUFFIX) and ocr_text.chars == len(ocr_text.lines) > 1


def is_better(model: str, ocr_text: OcrText, *, than: tuple[str, OcrText]) -> bool:
    """Whether a reading is better than another of the same picture, equals aside."""
    other_model, other = than
    if model == other_model:
        return _weight(model, ocr_text) * (ocr_text.confidence or 0.0) > _weight(other_model, other) * (
            other.confidence or 0.0
        )
    if is_latin(ocr_text) and is_latin(other) and reads_cjk(model) is not reads_cjk(other_model):
        # What is Latin throughout is left to the model that knows words of it.
        ours, theirs = _weight(model, ocr_text), _weight(other_model, other)
        return ours * _AS_GOOD > theirs if reads_cjk(model) else ours > _AS_GOOD * theirs
    ours, theirs = (_weight(*reading) * _fair(reading[1]) for reading in ((model, ocr_text), than))
    return ours > theirs


def _fair(ocr_text: OcrText) -> float:
    # Low confidence counts against a reading; more confidence than another model has says nothing.
    return min(1.0, (ocr_text.confidence or 0.0) / _FAIR_CONFIDENCE)


def _weight(model: str, ocr_text: OcrText) -> float:
    return 0.0 if is_horizontal_line(model, ocr_text) else plausible_chars(ocr_text)
