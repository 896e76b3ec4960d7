"""The font of invisible text: its file, and what it makes of characters."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import ImageFont

from worker.extract.searchable.glyphless_font import GlyphlessFont

pytestmark = pytest.mark.unit


@pytest.fixture
def pdf() -> pikepdf.Pdf:
    return pikepdf.new()


def finished(pdf: pikepdf.Pdf, text: str) -> pikepdf.Object:
    font = GlyphlessFont(pdf)
    font.encode(text)
    font.finish()
    return font.object


def test_each_character_has_a_number_of_its_own() -> None:
    font = GlyphlessFont(pikepdf.new())
    assert font.encode("日本日") == b"<000100020001>"
    assert font.encode("本a") == b"<00020003>"


def test_what_a_font_cannot_hold_is_left_out() -> None:
    font = GlyphlessFont(pikepdf.new())
    many = "".join(map(chr, (code for code in range(0x20, 0x12000) if not 0xD800 <= code < 0xE000)))
    assert len(font.encode(many)) == 4 * 0xFFFF + 2
    assert font.encode("\U00012345a") == b"<0042>"


def test_numbers_are_mapped_to_unicode_a_hundred_at_a_time(pdf: pikepdf.Pdf) -> None:
    cmap = (
        finished(pdf, "𠮷" + "".join(map(chr, range(0x4E00, 0x4E00 + 120)))).ToUnicode.read_bytes().decode()
    )
    assert "<0001> <D842DFB7>\n<0002> <4E00>" in cmap
    assert cmap.count("100 beginbfchar") == cmap.count("21 beginbfchar") == 1


def test_widths_and_outlines_are_of_two_kinds(pdf: pikepdf.Pdf) -> None:
    font = finished(pdf, "日a").DescendantFonts[0]
    assert list(font.W[1]) == [1000, 500]
    assert font.CIDToGIDMap.read_bytes() == bytes([0, 0, 0, 0, 0, 1])


def test_its_file_is_a_font_whose_glyph_is_a_box_around_the_base_line(pdf: pikepdf.Pdf) -> None:
    file = finished(pdf, "日").DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()
    font = ImageFont.truetype(io.BytesIO(file), 100, layout_engine=ImageFont.Layout.BASIC)
    assert font.getmetrics() == (80, 20)
    assert font.getbbox("x") == (0, 0, 100, 100)
