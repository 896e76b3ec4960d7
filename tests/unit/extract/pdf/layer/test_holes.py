"""Letters that fonts do not map, taken from the OCR."""

from __future__ import annotations

import pytest

from worker.extract.pdf.layer.holes import fill_holes

pytestmark = pytest.mark.unit


def test_a_code_is_the_characters_that_the_ocr_has_at_its_place() -> None:
    layer = "The o\ue001ce has su\ue001cient \ue002oors. \ue004 item"

    filled = fill_holes(layer, "The office, once more, has sufficient floors. • item")

    assert filled == "The office has sufficient floors. \ue004 item"


@pytest.mark.parametrize(
    "ocr",
    ["", "The of ice", "orice oxice oqice"],
    ids=["nothing read", "another word", "words that contradict each other"],
)
def test_a_code_that_the_ocr_does_not_explain_stays(ocr: str) -> None:
    assert fill_holes("The o\ue001ice", ocr) == "The o\ue001ice"
