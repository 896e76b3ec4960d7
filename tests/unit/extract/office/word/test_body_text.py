"""The visible text of WordprocessingML; docx's tests have its elements one by one."""

from __future__ import annotations

import pytest
from lxml import etree

from worker.extract.office.word.body_text import BodyText

pytestmark = pytest.mark.unit


def _collect(markup: str, number: str = "") -> tuple[list[str], list[str]]:
    pieces: list[str] = []
    boxes: list[str] = []
    BodyText(number_of=lambda _paragraph: number).collect(etree.fromstring(markup), pieces, boxes)
    return pieces, boxes


def test_a_number_stands_before_its_paragraph_and_a_text_box_behind_it() -> None:
    pieces, _ = _collect("<p><r><t>whole </t><txbxContent><p/></txbxContent><t>words</t></r></p>", "1. ")

    assert "".join(pieces) == "1. whole words\n\n"


def test_a_paragraph_without_text_has_no_number() -> None:
    assert "".join(_collect("<p><r><t> </t></r></p>", "1. ")[0]) == " \n"


def test_text_of_a_box_is_apart() -> None:
    pieces, boxes = _collect("<txbxContent><r><t>boxed</t></r></txbxContent>")

    assert (pieces, boxes) == ([], ["boxed"])
