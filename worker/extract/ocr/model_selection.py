"""Which Tesseract model reads a page: pure decisions about what was read so far.

One model reads a page, never two together: that costs half as much again and reads worse. The page before,
or a sample, names the first choice; a text of low quality is followed by one more model. The hint of the page
before comes with each page permit (sandbox/run_state.py, language_hint.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.evidence.reading_quality import is_latin, reads_cjk
from worker.extract.ocr.tesseract_tsv import OcrText
from worker.extract.text.script import HAN, LATIN, script_shares

_SURE = 90.0
_MIN_COLUMN_PIECES = 4
_MAX_PIECE_CHARS = 2.5
ONE_BLOCK_PSM = 6
_VERTICAL_BLOCK_PSM, _AUTOMATIC_PSM = 5, 3


def known_model(languages: Sequence[str], hint: str | None) -> str | None:
    """The model to read first where a page before names it: that of a configured language.

    A hint that is only a script (`language_of_text`) calls for the first language that is written in it.
    """
    if hint is not None and language_of(hint) in languages:
        return hint
    if hint in (LATIN, HAN):
        return next((name for name in languages if reads_cjk(name) is (hint == HAN)), None)
    return None


def psm_of(model: str) -> int:
    """Page segmentation mode for a model: one vertical block (5), else automatic (3)."""
    # Mode 4 (one column) saves 4 % of the time and mixes up columns: 0.77 instead of 0.99 of the two-column
    # sample. Mode 5 keeps the order of vertical text in two tiers better than 3 (0.61, 0.48).
    return _VERTICAL_BLOCK_PSM if model.endswith(VERTICAL_SUFFIX) else _AUTOMATIC_PSM


def block_psm_of(model: str) -> int:
    """Page segmentation mode for a part of a page, one block of lines."""
    return _VERTICAL_BLOCK_PSM if model.endswith(VERTICAL_SUFFIX) else ONE_BLOCK_PSM


def is_unsure(ocr_text: OcrText, model: str) -> bool:
    """Whether a model is less sure of a text than it is of clean print, or found none."""
    if reads_cjk(model) and is_latin(ocr_text):
        return False  # it is left to another model
    return (ocr_text.confidence or 0.0) < _SURE


def is_split_into_columns(ocr_text: OcrText) -> bool:
    """Whether Japanese has a character or two a line: columns of a vertical page, read as one block."""
    lines = len(ocr_text.lines)
    return (
        lines >= _MIN_COLUMN_PIECES
        and ocr_text.chars <= _MAX_PIECE_CHARS * lines
        and script_shares(ocr_text.text).cjk > 0.5
    )
