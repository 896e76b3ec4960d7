"""Readings of different models on one scale."""

from __future__ import annotations

import pytest

from worker.extract.ocr.evidence.reading_quality import is_better, is_convincing, is_latin
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_ENGLISH = "Revenue grew by twelve per cent over the previous year"
_NONSENSE = "sse5oJd UOOS UO Dessgd ShUJ SIII2HS EOOC USSIJSBU"


def _text(text: str, confidence: float) -> OcrText:
    words = tuple(
        Word(text=word, left=0, top=0, width=9, height=9, confidence=confidence) for word in text.split()
    )
    return OcrText.from_lines(
        [Line(words=words, left=0, top=0, width=9, height=9, opens_paragraph=False)] if words else []
    )


def test_words_win_over_nonsense_that_another_model_is_surer_of() -> None:
    words, nonsense = _text(_ENGLISH, 39.0), _text(_NONSENSE, 76.0)
    assert is_better("eng", words, than=("jpn", nonsense))
    assert not is_better("jpn", nonsense, than=("eng", words))


def test_only_words_read_with_confidence_are_convincing() -> None:
    assert is_convincing(_text(_ENGLISH, 90.0))
    assert not is_convincing(_text(_ENGLISH, 40.0))
    assert not is_convincing(_text(_NONSENSE, 76.0))


def test_figures_alone_are_of_no_script() -> None:
    assert is_latin(_text(_ENGLISH, 90.0))
    assert not is_latin(_text("1,234 5,678 90.1%", 90.0))
