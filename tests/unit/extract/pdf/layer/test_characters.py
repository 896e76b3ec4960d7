"""Single characters of a page: text, position, size."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import in_hex, not_embedded
from worker.extract.pdf.layer.characters import OrderedText, is_generated, origin_of, size_of, unicode_at

pytestmark = pytest.mark.unit


def test_a_character_has_its_text_its_origin_and_the_size_it_is_drawn_in(tmp_path: Path) -> None:
    content = b"BT /F 10 Tf 2 0 0 2 70 700 Tm %s Tj ET" % in_hex("猫犬")
    layer = pypdfium2.PdfDocument(not_embedded(tmp_path, content, encoding=b"UniJIS-UCS2-H"))[
        0
    ].get_textpage()

    assert [unicode_at(layer, index) for index in (0, 1)] == ["猫", "犬"]
    assert origin_of(layer, 0) == pytest.approx((70, 700))
    assert origin_of(layer, 1)[1] == pytest.approx(700)
    assert size_of(layer, 0) == pytest.approx(20)


def test_what_pdfium_inserts_between_lines_is_generated(tmp_path: Path) -> None:
    lines = (in_hex("一行目"), in_hex("二行目"))
    content = b"BT /F 10 Tf 1 0 0 1 70 700 Tm %s Tj 1 0 0 1 70 600 Tm %s Tj ET" % lines
    layer = pypdfium2.PdfDocument(not_embedded(tmp_path, content, encoding=b"UniJIS-UCS2-H"))[
        0
    ].get_textpage()

    flags = [is_generated(layer, index) for index in range(layer.count_chars())]

    assert flags == [False] * 3 + [True] * 2 + [False] * 3


def test_text_without_positions_has_no_separators() -> None:
    text = OrderedText(text="abc")

    assert (text.characters, text.separator(0, 1)) == ((), "")
