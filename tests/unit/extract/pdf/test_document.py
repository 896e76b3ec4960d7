"""PDFs: which pages have a good text layer, and which need OCR."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import (
    SENTENCE,
    Draw,
    mapped,
    one_page,
    pdf,
    picture,
    stream,
    write,
)
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code
from worker.extract.page_source import LayeredPage
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _rectangle(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


def _blank(_canvas: Canvas) -> None:
    pass


def _items(path: Path, options: ReadOptions = _OPTIONS) -> list[Page | LayeredPage | int]:
    return list(open_pdf(path, options).pages)


def _low_quality_reasons(path: Path) -> list[str | None]:
    """Why pages that have a layer need OCR."""
    return [item.page.layer_reason for item in _items(path) if isinstance(item, LayeredPage)]


def test_a_good_text_layer_is_the_text(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("Hello, world"), write("日本語テスト。"))

    source = open_pdf(path, _OPTIONS)

    assert source.page_count == 2
    layer = TextSource.TEXT_LAYER
    assert list(source.pages) == [
        Page(number=1, text="Hello, world", source=layer, language="Latn", width_px=595, height_px=842),
        Page(number=2, text="日本語テスト。", source=layer, language="jpn", width_px=595, height_px=842),
    ]


def test_lines_end_in_line_feeds(tmp_path: Path) -> None:
    (page,) = _items(pdf(tmp_path, write("one line", lines=3)))

    assert isinstance(page, Page)
    assert page.text == "one line\none line\none line"


@pytest.mark.parametrize("broken", [b"FFFD", b"E000"], ids=["replacement", "private use"])
def test_a_layer_whose_every_third_character_is_unmapped_needs_ocr(tmp_path: Path, broken: bytes) -> None:
    assert _low_quality_reasons(mapped(tmp_path, b"aabaabaab", b"0061", broken)) == ["unmapped"]


def test_a_kanji_beyond_the_basic_plane_is_one_character(tmp_path: Path) -> None:
    path = mapped(tmp_path, b"ab", b"D842DF9F", b"308B")

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "𠮟る"


def test_a_page_that_draws_nothing_is_blank_and_needs_no_ocr(tmp_path: Path) -> None:
    pages = _items(pdf(tmp_path, _blank, write("   ")))

    blank = TextSource.BLANK
    assert [(page.text, page.source) for page in pages if isinstance(page, Page)] == [("", blank)] * 2


@pytest.mark.parametrize("draw", [picture(575, 822), _rectangle], ids=["scan", "outlines"])
def test_a_page_that_shows_something_and_has_no_layer_needs_ocr(tmp_path: Path, draw: Draw) -> None:
    assert _items(pdf(tmp_path, draw)) == [1]


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (picture(575, 822, then=write("Received 2024-03-05")), "too_short"),
        (write('"#$%&()*+,-./:;<=>?@[]^_{|}~'), "garbage"),
    ],
    ids=["stamp on a scan", "symbols only"],
)
def test_a_page_with_a_layer_of_low_quality_needs_ocr_and_keeps_the_layer(
    tmp_path: Path, draw: Draw, reason: str
) -> None:
    assert _low_quality_reasons(pdf(tmp_path, draw)) == [reason]


@pytest.mark.parametrize(
    "draw",
    [
        picture(60, 60, then=write("A short letter under a logo")),
        picture(575, 822, then=write(SENTENCE, lines=4, invisible=True)),
        picture(575, 822, then=write(SENTENCE, lines=12)),
        write("1,234 5,678 9.10 (11) -12"),
        write("Chapter 1 ................................................ 7"),
        write("3"),
    ],
    ids=["logo", "searchable scan", "background", "figures", "leaders", "page number"],
)
def test_a_page_with_a_good_layer_needs_no_ocr(tmp_path: Path, draw: Draw) -> None:
    (page,) = _items(pdf(tmp_path, draw))

    assert isinstance(page, Page)
    assert page.source is TextSource.TEXT_LAYER
    assert page.text


def test_text_in_a_font_without_a_character_map_needs_ocr(tmp_path: Path) -> None:
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 97/LastChar 98"
        b"/Widths[9 9]/Encoding<</Type/Encoding/Differences[97/g1/g2]>>/CharProcs<</g1 6 0 R/g2 6 0 R>>>>"
    )
    glyph = stream(b"9 0 d0 0 0 8 8 re f")
    path = one_page(
        tmp_path, b"BT /F 12 Tf 72 700 Td (abab) Tj ET", b"/Font<</F 5 0 R>>", {5: font, 6: glyph}
    )

    assert _low_quality_reasons(path) == ["unmapped"]


def test_beyond_the_limit_pages_get_no_ocr_but_layers_are_read(tmp_path: Path) -> None:
    stamp = picture(575, 822, then=write("Received"))
    path = pdf(tmp_path, _rectangle, write("Hello"), _rectangle, stamp, write("?!?!#$%&()"))
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_pages=1))

    wanted, *others = _items(path, options)

    reason, not_read = Code.TOO_MANY_PAGES, TextSource.NOT_READ
    assert wanted == 1
    assert [(p.text, p.source, p.reason, p.layer_text) for p in others if isinstance(p, Page)] == [
        ("Hello", TextSource.TEXT_LAYER, None, None),
        ("", not_read, reason, None),
        ("Received", TextSource.TEXT_LAYER, reason, None),
        ("", not_read, reason, "?!?!#$%&()"),
    ]


@pytest.mark.parametrize("code", [b"0001", b"000C", b"0000", b"001F"])
def test_a_page_whose_characters_are_only_control_characters_is_not_blank(
    tmp_path: Path, code: bytes
) -> None:
    assert _items(mapped(tmp_path, b"aaa aaa", code, b"0062")) == [1]
