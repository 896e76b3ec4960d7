"""Workbooks: a page a sheet, with its visible text."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.office.xlsx import open_xlsx
from worker.extract.page_source import LayeredPage, PageSource
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DRAWING = (
    '<x:wsDr xmlns:x="urn:x" xmlns:a="urn:a"><x:twoCellAnchor><x:sp><x:txBody><a:p>'
    "<a:r><a:t>in a </a:t></a:r><a:r><a:t>shape</a:t></a:r></a:p>"
    "</x:txBody></x:sp></x:twoCellAnchor></x:wsDr>"
)


def _open(path: Path, options: ReadOptions = _OPTIONS) -> tuple[PageSource, list[Page | LayeredPage | int]]:
    source = open_xlsx(path, options)
    return source, list(source.pages)


def _texts(path: Path) -> list[str]:
    _, pages = _open(path)
    return [page.text for page in pages if isinstance(page, Page)]


def _save(book: Workbook, folder: Path) -> Path:
    path = folder / "a.xlsx"
    book.save(path)
    return path


def _replace_parts(path: Path, **parts: str) -> Path:
    """The file with parts replaced or added; their names have `__` for slashes and `_` for the dots."""
    new = {name.replace("__", "/").replace("_", "."): content for name, content in parts.items()}
    buffer = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            if name not in new:
                archive.writestr(name, old.read(name))
        for name, content in new.items():
            archive.writestr(name, content)
    return path


def _relations(*pairs: tuple[str, str]) -> str:
    lines = (
        f'<Relationship Id="r{number}" Type="x/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(pairs)
    )
    return f'<Relationships xmlns="urn:r">{"".join(lines)}</Relationships>'


def test_values_are_read_as_displayed(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "売上"
    sheet.append(["日付", "率", "金額", "済", "備考"])
    sheet.append([dt.date(2024, 3, 5), 0.125, 0.1 + 0.2, True, "一行目\n二行目"])
    sheet["B2"].number_format = "0.0%"
    sheet.append([])
    sheet.append([None, None, 1200, False])
    book.create_sheet("隠し").append(["hidden"])
    book["隠し"].sheet_state = "hidden"

    source, pages = _open(_save(book, tmp_path))

    assert source.page_count == 2
    assert pages[0] == Page(
        number=1,
        text="売上\n日付\t率\t金額\t済\t備考\n2024-03-05\t12.5%\t0.3\tTRUE\t一行目 二行目\n1200\tFALSE",
        source=TextSource.FILE,
        language="jpn",
    )
    assert _texts(tmp_path / "a.xlsx")[1] == "隠し\nhidden"
    assert source.preview() is None


def test_formulas_have_their_saved_value(tmp_path: Path) -> None:
    sheet = (
        f'<worksheet xmlns="{_MAIN}"><sheetData><row><c><f>1+1</f><v>2</v></c>'
        '<c t="str"><f>"a"&amp;"b"</f><v>ab</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r><rPh><t>ふりがな</t></rPh></is></c>'
        '<c t="d"><v>2024-03-05</v></c><c s="99"><v>7</v></c></row></sheetData></worksheet>'
    )
    path = _replace_parts(_save(Workbook(), tmp_path), xl__worksheets__sheet1_xml=sheet)

    assert _texts(path) == ["Sheet\n2\tab\t#DIV/0!\tinline\t2024-03-05\t7"]


def test_notes_and_shapes_and_charts_are_read(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    for row in (["月", "売上"], ["一月", 10], ["二月", 20]):
        sheet.append(row)
    sheet["A1"].comment = Comment("a note", "me")
    chart = BarChart()
    chart.title = "月別の売上"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "D1")

    assert _texts(_save(book, tmp_path)) == ["Sheet\n月\t売上\n一月\t10\n二月\t20\n月別の売上\na note"]


def test_threaded_comments_are_read_in_place_of_their_stand_ins(tmp_path: Path) -> None:
    comments = (
        "<comments><authors><author>tc={1}</author><author>me</author></authors><commentList>"
        "<comment authorId='0'><text><t>[Threaded comment] only newer programs</t></text></comment>"
        "<comment authorId='1'><text><r><t>plain note</t></r></text></comment></commentList></comments>"
    )
    path = _replace_parts(
        _save(Workbook(), tmp_path),
        xl__comments1_xml=comments,
        xl__threads__t1_xml="<c><threadedComment><text>the real one</text></threadedComment></c>",
        xl__drawings__d1_xml=_DRAWING,
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "xl/worksheets/_rels/sheet1.xml.rels",
            _relations(
                ("comments", "/xl/comments1.xml"),
                ("threadedComment", "/xl/threads/t1.xml"),
                ("drawing", "/xl/drawings/d1.xml"),
            ),
        )

    assert _texts(path) == ["Sheet\nin a shape\nplain note\nthe real one"]


def test_pictures_follow_the_sheets_as_pages_for_ocr(tmp_path: Path) -> None:
    book = Workbook()
    picture = tmp_path / "picture.png"
    Image.new("L", (200, 100), 255).save(picture)
    book.active.add_image(SheetImage(str(picture)), "A1")
    book.create_sheet("二").append(["text"])

    source, pages = _open(_save(book, tmp_path))

    assert source.page_count == 3
    assert [page.text if isinstance(page, Page) else page for page in pages] == ["Sheet", "二\ntext", 3]
    with Image.open(source.render(3, tmp_path)) as drawn:
        assert drawn.size == (200, 100)


def test_the_stated_size_of_a_sheet_is_ignored(tmp_path: Path) -> None:
    empty = '<row><c r="A1" s="1"/></row>' * 20_000
    sheet = (
        f'<worksheet xmlns="{_MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>{empty}'
        '<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData></worksheet>'
    )

    assert _texts(_replace_parts(_save(Workbook(), tmp_path), xl__worksheets__sheet1_xml=sheet)) == [
        "Sheet\n7"
    ]


def test_beyond_the_limit_of_cells_the_text_so_far_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.extract.office.xlsx._MAX_CELLS", 10)
    book = Workbook()
    for number in range(20):
        book.active.append([number])

    _, (page,) = _open(_save(book, tmp_path))

    assert isinstance(page, Page)
    assert page.text.splitlines()[:3] == ["Sheet", "0", "1"]
    assert (len(page.text.splitlines()), page.reason) == (12, Code.BOMB)


def test_text_over_the_limit_is_cut_with_a_reason(tmp_path: Path) -> None:
    book = Workbook()
    for _ in range(100):
        book.active.append(["x" * 100])
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=500))

    _, (page,) = _open(_save(book, tmp_path), options)

    assert isinstance(page, Page)
    assert (len(page.text), page.reason) == (500, Code.TOO_LARGE)


def test_a_damaged_sheet_keeps_the_rows_before_the_damage(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("fine").append([1])
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData><row><c><v>1</v></c></row><row><c><v>2'

    _, pages = _open(_replace_parts(_save(book, tmp_path), xl__worksheets__sheet1_xml=sheet))

    found = [(page.text, page.reason) for page in pages if isinstance(page, Page)]
    assert found == [("Sheet\n1", Code.CORRUPT), ("fine\n1", None)]


def test_a_sheet_that_is_listed_twice_is_read_once(tmp_path: Path) -> None:
    path = _save(Workbook(), tmp_path)
    with zipfile.ZipFile(path) as archive:
        listed = archive.read("xl/workbook.xml").decode()
    sheet = re.search("<sheet [^>]*/>", listed)
    assert sheet is not None

    twice = listed.replace(sheet[0], sheet[0] * 2)

    assert _texts(_replace_parts(path, xl__workbook_xml=twice)) == ["Sheet"]


@pytest.mark.parametrize(
    ("part", "content"),
    [("xl__workbook_xml", "<workbook"), ("xl__workbook_xml", f'<workbook xmlns="{_MAIN}"/>')],
    ids=["no xml", "no sheets"],
)
def test_a_workbook_without_its_list_of_sheets_is_corrupt(tmp_path: Path, part: str, content: str) -> None:
    path = _replace_parts(_save(Workbook(), tmp_path), **{part: content})

    with pytest.raises(RejectedError, match=r"a\.xlsx") as caught:
        open_xlsx(path, _OPTIONS)
    assert caught.value.code is Code.CORRUPT
