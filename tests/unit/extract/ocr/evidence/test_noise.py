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
        ("PROTON oT Sa ns o: age es ( hae 4a Ath", 42.0, False),
        ("有ーョニーモーる<っニーニンっさ アーラミっご> -ご人で", 44.0, False),
        ("Total amount due 1,280 EUR", 42.0, True),
    ],
)
def test_words_are_kept_and_noise_is_not(text: str, confidence: float, is_kept: bool) -> None:
    assert bool(drop_noise(_text(text, confidence)).text) is is_kept


@pytest.mark.parametrize(("confidence", "is_kept"), [(63.0, False), (93.0, True)])
def test_unsure_characters_each_on_a_line_of_its_own_are_noise(confidence: float, is_kept: bool) -> None:
    for texts in (("1", "it", "|"), ("000", "OOO", "000", "OOO")):
        lines = [line for text in texts for line in _text(text, confidence).lines]
        assert bool(drop_noise(OcrText.from_lines(lines)).text) is is_kept


def test_a_page_of_next_to_no_confidence_has_no_text_though_lines_look_like_it() -> None:
    blinds = (
        ("|人、、、、ハいりいいスバトン、信人いいハンは人ここ人人人人", 11.6),
        ("ー", 71.9),
        ("m", 73.8),
    )
    fur = (
        ("(ゴーごとデボーっ江", 32.0),
        ("計)! (ご<ミーごシン(語っロご", 21.0),
        ("倉敷の語る頃には一人で歩くことが", 20.0),
    )
    for texts in (blinds, fur):
        lines = [line for text, confidence in texts for line in _text(text, confidence).lines]
        assert not drop_noise(OcrText.from_lines(lines)).text


def test_a_second_pass_over_noise_that_reads_no_more_is_noise() -> None:
    assert has_only_noise(_text("邊 民", 20.0), _text("へ", 95.0))
