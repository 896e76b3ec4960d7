"""Lines whose characters are drawn out of order are read from left to right."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import SENTENCE, Draw, in_hex, not_embedded, pdf, write
from worker.extract.pdf.layer.order.characters import read_characters, text_of
from worker.extract.pdf.layer.order.line_order import sort_lines

pytestmark = pytest.mark.unit


def _text(path: Path) -> list[str]:
    page = pypdfium2.PdfDocument(path)[0]
    return text_of(sort_lines(read_characters(page, page.get_textpage()))).split("\r\n")


def _late(
    folder: Path, before: str, gap_em: int, after: str, *, late: str, places: tuple[float, ...]
) -> Path:
    """Between two lines one with a gap, into which something is drawn in another font afterwards."""
    first, last, piece = in_hex("一行目"), in_hex("三行目"), b"%s %d %s"
    line = piece % (in_hex(before), -1000 * gap_em, in_hex(after))
    drawn = b" ".join(
        b"1 0 0 1 %d 685 Tm %s Tj" % (72 + 10 * place, in_hex(character))
        for place, character in zip(places, late, strict=True)
    )
    content = (
        b"BT /F 10 Tf 1 0 0 1 72 700 Tm %s Tj 1 0 0 1 72 685 Tm [%s] TJ /G 10 Tf %s "
        b"/F 10 Tf 1 0 0 1 72 670 Tm %s Tj ET"
    ) % (first, line, drawn, last)
    return not_embedded(folder, content, encoding=b"UniJIS-UCS2-H")


def test_a_character_that_is_drawn_late_stands_in_its_place(tmp_path: Path) -> None:
    path = _late(tmp_path, "髙橋", 1, "商店の見積書", late="①", places=(2,))

    assert _text(path) == ["一行目", "髙橋①商店の見積書", "三行目"]


def test_spaces_stay_where_there_is_a_gap(tmp_path: Path) -> None:
    path = _late(tmp_path, "髙橋", 4, "商店の見積書", late="①", places=(2,))

    assert _text(path) == ["一行目", "髙橋① 商店の見積書", "三行目"]


def test_words_written_over_others_stay_as_reported(tmp_path: Path) -> None:
    path = _late(tmp_path, "髙橋", 1, "商店の見積書", late="社外秘", places=(2.05, 3.05, 4.05))
    reported = pypdfium2.PdfDocument(path)[0].get_textpage().get_text_bounded()

    assert _text(path) == reported.split("\r\n")


@pytest.mark.parametrize("draw", [write(SENTENCE, lines=3), write("見積書", lines=3)])
def test_ordinary_lines_stay_as_reported(tmp_path: Path, draw: Draw) -> None:
    path = pdf(tmp_path, draw)

    assert _text(path) == pypdfium2.PdfDocument(path)[0].get_textpage().get_text_bounded().split("\r\n")


def test_a_line_that_is_upside_down_is_not_reordered(tmp_path: Path) -> None:
    content = b"BT /F 10 Tf -1 0 0 -1 400 685 Tm [%s -1000 %s] TJ /G 10 Tf -1 0 0 -1 380 685 Tm %s Tj ET" % (
        *(in_hex("髙橋"), in_hex("商店の見積書"), in_hex("①")),
    )

    (line,) = _text(not_embedded(tmp_path, content, encoding=b"UniJIS-UCS2-H"))

    assert "商店の見積書" in line
