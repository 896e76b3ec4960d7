"""Workbooks in the XML of Excel 2003."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import RejectedError
from worker.extract.office.flat.excel_2003 import open_excel_2003
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_START = '<Workbook xmlns="urn:x" xmlns:ss="urn:x" xmlns:x="urn:e">'
_END = "</Workbook>"


def _pages(folder: Path, markup: str, options: ReadOptions = _OPTIONS) -> list[Page]:
    path = folder / "a.xls"
    path.write_text(_START + markup, encoding="utf-8")
    return [page for page in open_excel_2003(path, options).pages if isinstance(page, Page)]


def _sheet(*rows: str, name: str = "Sheet1", more: str = "") -> str:
    lines = "".join(row if row.startswith("<Row") else f"<Row>{row}</Row>" for row in rows)
    return f'<Worksheet ss:Name="{name}"><Table>{lines}</Table>{more}</Worksheet>'


def _cell(text: str, kind: str = "String", attributes: str = "", more: str = "") -> str:
    return f'<Cell {attributes}><Data ss:Type="{kind}">{text}</Data>{more}</Cell>'


def test_a_page_has_the_rows_of_a_sheet_with_tabs_between(tmp_path: Path) -> None:
    note = '<Comment ss:Author="a"><ss:Data>ask <B>Anna</B></ss:Data></Comment>'
    printed = '<x:WorksheetOptions><x:Header x:Data="&amp;L社外秘"/></x:WorksheetOptions>'
    sheets = _sheet(_cell("品名") + _cell("rich <B>text</B>", more=note), "", more=printed, name="売上")
    pages = _pages(tmp_path, sheets + _sheet(_cell("5", "Number"), name="二") + _END)

    assert [page.text for page in pages] == ["売上\n品名\trich text\n社外秘\nask Anna", "二\n5"]
    assert [page.reason for page in pages] == [None, None]


@pytest.mark.parametrize(
    ("kind", "text", "format_code", "expected"),
    [
        ("Number", "1234567", "Standard", "1234567"),
        ("Number", "0.25", "Percent", "25%"),
        ("Number", "1000001", "000\\-0000", "100-0001"),
        ("Number", "1234567890123456", "0", "1234567890123456"),
        ("Number", "45382", "Short Date", "2024-03-31"),
        ("DateTime", "2024-03-31T00:00:00.000", "Short Date", "2024-03-31"),
        ("DateTime", "2024-03-31T09:30:00.000", "", "2024-03-31 09:30:00"),
        ("DateTime", "1899-12-31T09:30:00.000", "Short Time", "09:30:00"),
        ("Boolean", "1", "", "TRUE"),
        ("Error", "#DIV/0!", "", "#DIV/0!"),
        ("String", "hidden", ";;;", ""),
    ],
)
@pytest.mark.parametrize("place", ["cell", "row"])
def test_a_value_is_formatted_as_in_other_workbooks(
    tmp_path: Path, kind: str, text: str, format_code: str, expected: str, place: str
) -> None:
    style = f'<Styles><Style ss:ID="s1"><NumberFormat ss:Format="{format_code}"/></Style></Styles>'
    attribute = 'ss:StyleID="s1"'
    cell = _cell(text, kind, attribute if place == "cell" else "")
    row = f"<Row {attribute if place == 'row' else ''}>{cell}</Row>"
    (page,) = _pages(tmp_path, style + _sheet(row) + _END)

    assert page.text == f"Sheet1\n{expected}".strip()


def test_formulas_without_a_value_are_named(tmp_path: Path) -> None:
    computed = _cell("3", "Number", 'ss:Formula="=1+2"')
    pages = _pages(tmp_path, _sheet(computed + '<Cell ss:Formula="=1"/>') + _sheet(computed) + _END)

    assert [(page.text, page.reason) for page in pages] == [("Sheet1\n3", "formulas"), ("Sheet1\n3", None)]


def test_rows_before_a_damaged_place_are_kept(tmp_path: Path) -> None:
    (page,) = _pages(tmp_path, _sheet(_cell("a"), _cell("b"))[:-40] + "<")

    assert (page.text, page.reason) == ("Sheet1\na", "corrupt")


def test_a_workbook_larger_than_the_limit_is_cut(tmp_path: Path) -> None:
    few = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=10))
    (page,) = _pages(tmp_path, _sheet(_cell("0123456789"), _cell("more")) + _END, few)

    assert (page.text, page.reason) == ("Sheet1\n012", "too_large")


def test_a_workbook_without_sheets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="without sheets"):
        _pages(tmp_path, _END)
