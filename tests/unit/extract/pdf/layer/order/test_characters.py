"""Single characters of a page: text, position, size."""

from __future__ import annotations

import math
from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import in_hex, not_embedded
from worker.extract.pdf.layer.order.characters import (
    has_late_characters,
    has_small_kana,
    read_characters,
    text_of,
)

pytestmark = pytest.mark.unit


def _page(folder: Path, content: bytes) -> pypdfium2.PdfPage:
    return pypdfium2.PdfDocument(not_embedded(folder, content, encoding=b"UniJIS-UCS2-H"))[0]


def test_a_character_has_its_text_its_origin_and_the_size_it_is_drawn_in(tmp_path: Path) -> None:
    page = _page(tmp_path, b"BT /F 10 Tf 2 0 0 2 70 700 Tm %s Tj ET" % in_hex("猫犬"))

    cat, dog = read_characters(page, page.get_textpage())

    assert (cat.text, dog.text) == ("猫", "犬")
    assert (cat.along, cat.across, cat.size, cat.angle) == pytest.approx((70, 700, 20, 0))
    assert (dog.along, dog.across) == pytest.approx((70 + cat.length, 700))


@pytest.mark.parametrize(
    ("matrix", "angle"), [(b"0 1 -1 0", 90), (b"0 -1 1 0", -90), (b".7071 .7071 -.7071 .7071", 45)]
)
def test_a_turned_character_has_its_angle_and_the_same_length(
    tmp_path: Path, matrix: bytes, angle: float
) -> None:
    page = _page(tmp_path, b"BT /F 20 Tf %s 300 400 Tm %s Tj ET" % (matrix, in_hex("猫犬")))

    cat, dog = read_characters(page, page.get_textpage())

    assert cat.angle == pytest.approx(angle, abs=0.1)
    assert cat.length == pytest.approx(math.hypot(dog.along - cat.along, dog.across - cat.across), rel=0.05)


def test_what_separates_the_characters_is_as_in_pdfiums_text(tmp_path: Path) -> None:
    lines = (in_hex("一行目"), in_hex("離れた"), in_hex("二行目"), in_hex("枠外"))
    content = (
        b"BT /F 10 Tf 1 0 0 1 70 700 Tm %s Tj 1 0 0 1 170 700 Tm %s Tj 1 0 0 1 70 600 Tm %s Tj "
        b"1 0 0 1 700 600 Tm %s Tj ET"
    ) % lines
    page = _page(tmp_path, content)
    layer = page.get_textpage()

    text = text_of(read_characters(page, layer))

    assert text == layer.get_text_bounded().rstrip()
    assert text.split() == ["一行目", "離れた", "二行目"]


@pytest.mark.parametrize(("size", "is_small"), [(5, True), (10, False)])
def test_only_kana_smaller_than_the_kanji_may_be_furigana(tmp_path: Path, size: int, is_small: bool) -> None:
    pieces = (in_hex("猫"), size, in_hex("ねこ"))
    page = _page(tmp_path, b"BT /F 10 Tf 1 0 0 1 70 700 Tm %s Tj /F %d Tf 0 11 Td %s Tj ET" % pieces)

    assert has_small_kana(page.get_textpage()) is is_small


@pytest.mark.parametrize(("x", "is_late"), [(80, True), (110, False)])
def test_a_character_left_of_the_one_before_is_late(tmp_path: Path, x: int, is_late: bool) -> None:
    content = (b"BT /F 10 Tf 1 0 0 1 70 700 Tm [%s -1000 %s] TJ /G 10 Tf 1 0 0 1 %d 700 Tm %s Tj ET") % (
        in_hex("橋"),
        in_hex("商店"),
        x,
        in_hex("髙"),
    )
    page = _page(tmp_path, content)

    assert has_late_characters(page.get_textpage()) is is_late
