"""What is dropped as noise, and what is kept."""

from __future__ import annotations

import pytest

from worker.extract.ocr.evidence.noise import drop_noise, has_only_noise
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit


def _text(text: str, confidence: float) -> OcrText:
    words = tuple(
        Word(text=word, left=0, top=0, width=9, height=9, confidence=confidence) for word in text.split()
    )
    return OcrText.from_lines(
        [Line(words=words, left=0, top=0, width=9, height=9, opens_paragraph=False)] if words else []
    )


@pytest.mark.parametrize(
    ("text", "confidence", "is_kept"),
    [
        ("邊 民 RR IM 1l", 32.0, False),
        ("| — . ~", 90.0, False),
        ("The quick brown fox jumps over the lazy dog", 39.0, True),
        ("請求書", 75.0, True),
        ("7", 98.7, False),
        ("6 6", 95.0, False),
        ("12", 95.0, True),
        ("請 求 書", 95.0, True),
    ],
)
def test_words_are_kept_and_noise_is_not(text: str, confidence: float, is_kept: bool) -> None:
    assert bool(drop_noise(_text(text, confidence)).text) is is_kept


def test_a_second_pass_over_noise_that_reads_no_more_is_noise() -> None:
    assert has_only_noise(_text("邊 民", 20.0), _text("へ", 95.0))
