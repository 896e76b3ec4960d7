"""Numbers that a Japanese reading has wrong, read again as one picture of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from worker.extract.ocr.numeric_words import check_numbers
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_PICTURE = Image.new("L", (600, 400), 255)


def _text(*rows: tuple[str, ...]) -> OcrText:
    """Lines of words; the second touches the third."""
    lines = []
    for number, row in enumerate(rows):
        lefts = (10, 200, 270)
        words = tuple(
            Word(text=text, left=left, top=40 * number, width=68, height=24, confidence=90.0)
            for text, left in zip(row, lefts, strict=False)
        )
        lines.append(Line(words=words, left=10, top=40 * number, width=330, height=24, opens_paragraph=False))
    return OcrText.from_lines(lines)


def _reads(*texts: str, confidence: float = 90.0) -> Callable[[Image.Image], OcrText]:
    """What is read in the rows of the picture of numbers."""

    def read(sheet: Image.Image) -> OcrText:
        words = [
            Word(text=text, left=20, top=72 * row + 45, width=60, height=20, confidence=confidence)
            for row, text in enumerate(texts)
        ]
        line = Line(words=tuple(words), left=0, top=0, width=9, height=9, opens_paragraph=False)
        return OcrText.from_lines([line])

    return read


def test_what_is_read_of_the_neighbour_is_left_out() -> None:
    read = check_numbers(_PICTURE, _text(("合計", "35,756", "円")), _reads("35,7509"))

    assert "35,750円" in read.text.replace(" ", "")


@pytest.mark.parametrize("second", ["35,75", "Total:", "35.756", ""])
def test_another_kind_of_word_changes_nothing(second: str) -> None:
    before = _text(("合計", "35,756", "円"))

    assert check_numbers(_PICTURE, before, _reads(second)) is before


def test_a_change_without_confidence_is_kept_where_others_have_it() -> None:
    rows = [("品", f"1{digit}6", "円") for digit in range(3)]
    alone, many = (_reads(*[f"1{digit}0" for digit in range(count)], confidence=40.0) for count in (1, 3))

    assert check_numbers(_PICTURE, _text(*rows), alone).text == _text(*rows).text
    assert "120円" in check_numbers(_PICTURE, _text(*rows), many).text.replace(" ", "")


def test_text_without_numbers_is_not_read_again() -> None:
    def read(sheet: Image.Image) -> OcrText:
        raise AssertionError("nothing to read")

    before = _text(("請求書", "品名"))
    assert check_numbers(_PICTURE, before, read) is before
