"""Presentations: a page a slide, in the order of the show, and pictures with their own permits."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pptx
import pytest
from docx.oxml import OxmlElement
from PIL import Image
from pptx.util import Inches

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.office.pptx import open_pptx
from worker.extract.page_source import LayeredPage
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_TITLE_ONLY, _BLANK = 5, 6


def _save(deck: pptx.presentation.Presentation, folder: Path) -> Path:
    path = folder / "a.pptx"
    deck.save(str(path))
    return path


def _slide(deck: pptx.presentation.Presentation, title: str) -> pptx.slide.Slide:
    slide: pptx.slide.Slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    assert slide.shapes.title is not None
    slide.shapes.title.text = title
    return slide


def _picture(shade: int) -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("L", (200, 100), shade).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def _change(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The file with each part put through `change`."""
    buffer = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return path


def _pages(path: Path, options: ReadOptions = _OPTIONS) -> list[Page | LayeredPage | int]:
    return list(open_pptx(path, options).pages)


def _texts(path: Path) -> list[str]:
    return [page.text for page in _pages(path) if isinstance(page, Page)]


def test_a_slide_is_a_page_with_its_tables_and_notes(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    first = _slide(deck, "事業計画")
    box = first.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1))
    box.text_frame.text = "売上を伸ばす"
    table = first.shapes.add_table(1, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "品名", "金額"
    notes = first.notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "ここで間をおく"
    _slide(deck, "Second")

    source = open_pptx(_save(deck, tmp_path), _OPTIONS)

    assert source.page_count == 2
    assert list(source.pages) == [
        Page(
            number=1,
            text="事業計画\n売上を伸ばす\n品名\t金額\nここで間をおく",
            source=TextSource.FILE,
            language="jpn",
        ),
        Page(number=2, text="Second", source=TextSource.FILE, language="Latn"),
    ]
    assert source.preview() is None


def test_the_order_is_that_of_the_show_and_hidden_slides_are_kept(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    _slide(deck, "one")
    _slide(deck, "two")
    listed = deck.slides._sldIdLst
    listed.append(listed[0])
    deck.slides[0]._element.set("show", "0")

    assert _texts(_save(deck, tmp_path)) == ["two", "one"]


def test_a_slide_that_is_listed_twice_is_read_once(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    _slide(deck, "one")
    path = _change(
        _save(deck, tmp_path),
        lambda name, data: (
            re.sub(rb"(<p:sldId .*?/>)", rb"\1\1", data) if name == "ppt/presentation.xml" else data
        ),
    )

    assert _texts(path) == ["one"]


def test_comments_are_on_the_page_of_their_slide(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    _slide(deck, "one")
    path = _save(deck, tmp_path)
    relation = b'<Relationship Id="c" Type="x/comments" Target="../comments/comment1.xml"/></Relationships>'
    _change(
        path,
        lambda name, data: (
            data.replace(b"</Relationships>", relation) if name.startswith("ppt/slides/_rels") else data
        ),
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("ppt/comments/comment1.xml", "<c><cm><text>a remark</text></cm></c>")

    assert _texts(path) == ["one\na remark"]


def test_pictures_follow_the_slides_and_a_slide_of_pictures_is_the_first_ones_page(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    _slide(deck, "words").shapes.add_picture(_picture(10), Inches(0), Inches(0))
    textless = deck.slides.add_slide(deck.slide_layouts[_BLANK])
    textless.shapes.add_picture(_picture(20), Inches(0), Inches(0))
    textless.shapes.add_picture(_picture(30), Inches(0), Inches(0))
    _slide(deck, "the same again").shapes.add_picture(_picture(10), Inches(0), Inches(0))
    source = open_pptx(_save(deck, tmp_path), _OPTIONS)

    pages = [page.text if isinstance(page, Page) else page for page in source.pages]

    assert (source.page_count, pages) == (5, ["words", 2, "the same again", 4, 5])
    shades = []
    for number in (2, 4, 5):
        with Image.open(source.render(number, tmp_path)) as drawn:
            shades.append(drawn.getpixel((0, 0)))
    assert shades == [20, 10, 30]


def test_a_damaged_slide_is_an_empty_page_and_the_rest_is_read(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    _slide(deck, "one")
    _slide(deck, "two")
    path = _change(
        _save(deck, tmp_path), lambda name, data: b"<p" if name == "ppt/slides/slide1.xml" else data
    )

    found = [(page.text, page.reason) for page in _pages(path) if isinstance(page, Page)]

    assert found == [("", Code.CORRUPT), ("two", None)]


def test_a_file_without_a_readable_slide_is_corrupt(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    _slide(deck, "one")
    original = _save(deck, tmp_path)
    for part in ("ppt/slides/slide1.xml", "ppt/presentation.xml"):
        path = _change(original, lambda name, data, broken=part: b"<p" if name == broken else data)  # type: ignore[misc]

        with pytest.raises(RejectedError, match=r"a\.pptx") as caught:
            open_pptx(path, _OPTIONS)
        assert caught.value.code is Code.CORRUPT


def test_a_show_without_slides_has_no_pages(tmp_path: Path) -> None:
    source = open_pptx(_save(pptx.Presentation(), tmp_path), _OPTIONS)

    assert (source.page_count, list(source.pages)) == (0, [])


def test_text_over_the_limit_is_cut_with_a_reason(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    for _ in range(3):
        _slide(deck, "long title")
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=4))

    found = [
        (page.text, page.reason) for page in _pages(_save(deck, tmp_path), options) if isinstance(page, Page)
    ]

    assert found == [("long", Code.TOO_LARGE)]


@pytest.mark.parametrize(("has_dates", "expected"), [(True, "On 1/2/2003"), (False, "On")])
def test_the_moment_of_a_conversion_is_not_in_the_text(
    tmp_path: Path, has_dates: bool, expected: str
) -> None:
    deck = pptx.Presentation()
    shape = deck.slides.add_slide(deck.slide_layouts[5]).shapes.title
    shape.text = "On "
    field = OxmlElement("a:fld")
    field.set("id", "{B4F2E0A5-0000-4000-8000-000000000001}")
    field.set("type", "datetime1")
    text = OxmlElement("a:t")
    text.text = "1/2/2003"
    field.append(text)
    shape.text_frame.paragraphs[0]._p.append(field)
    path = tmp_path / "a.pptx"
    deck.save(str(path))
    (page,) = open_pptx(path, _OPTIONS, has_dates=has_dates).pages

    assert isinstance(page, Page)
    assert page.text == expected
