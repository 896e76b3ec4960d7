"""Cells of sheets: strings and formats in other parts, damage, and limits over all sheets."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from lxml import etree

from worker.errors import Code
from worker.extract.office.cells import CellReader, plain_text
from worker.extract.office.ooxml_package import UNREADABLE, Package, open_package

pytestmark = pytest.mark.unit

_MAIN = "xl/workbook.xml"
_SHEET = "xl/sheet1.xml"
_RELATIONS = (
    '<r><Relationship Id="1" Type="x/sharedStrings" Target="sharedStrings.xml"/>'
    '<Relationship Id="2" Type="x/styles" Target="styles.xml"/></r>'
)
_STRINGS = (
    "<sst><si><r><t>東</t></r><r><t>京</t></r><rPh><t>トウキョウ</t></rPh></si>"
    "<si><t>two\nlines</t></si></sst>"
)
_STYLES = (
    '<s><numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
    '<cellXfs><xf/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></s>'
)


def _package(folder: Path, **parts: str) -> Package:
    path = folder / "a.xlsx"
    known = {
        _MAIN: "<w/>",
        "xl/_rels/workbook.xml.rels": _RELATIONS,
        "xl/sharedStrings.xml": _STRINGS,
        "xl/styles.xml": _STYLES,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (known | {f"xl/{name}.xml": content for name, content in parts.items()}).items():
            archive.writestr(name, content)
    return open_package(path)


def _rows(package: Package, *, max_chars: int = 1000, max_cells: int = 1000) -> tuple[list[str], Code | None]:
    return CellReader(package, _MAIN, max_chars=max_chars, max_cells=max_cells).rows(_SHEET)


def _sheet(*rows: str) -> str:
    return f"<s>{''.join(f'<row>{row}</row>' for row in rows)}</s>"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ('<c t="s"><v>0</v></c><c t="s"><v>1</v></c>', ["東京\ttwo lines"]),
        ('<c t="s"><v>7</v></c><c t="s"><v>-1</v></c>', []),
        ('<c s="1"><v>45000</v></c><c s="2"><v>7</v></c><c s="0"><v>7</v></c>', ["2023-03-15\t007\t7"]),
        ('<c t="b"><v>1</v></c><c t="b"><v>0</v></c>', ["TRUE\tFALSE"]),
        ('<c t="inlineStr"><is><t>a_x000D_\nb_x005F_x000D_</t></is></c>', ["a b_x000D_"]),
        ('<c t="str"><v>a_x000D_b_xyz_</v></c>', ["a b_xyz_"]),
        ("<c/><c><v/></c>", []),
        ("<c><v>1</v></c><c/><c><v>3</v></c>", ["1\t\t3"]),
    ],
    ids=[
        "strings",
        "missing strings",
        "formats",
        "truth",
        "escapes",
        "escapes of formulas",
        "empty",
        "gap",
    ],
)
def test_cells_are_read_with_their_strings_and_formats(
    tmp_path: Path, cells: str, expected: list[str]
) -> None:
    assert _rows(_package(tmp_path, sheet1=_sheet(cells))) == (expected, None)


def test_dates_are_counted_from_1904_where_the_workbook_has_that_setting(tmp_path: Path) -> None:
    package = _package(
        tmp_path, workbook='<w><workbookPr date1904="1"/></w>', sheet1=_sheet('<c s="1"><v>43538</v></c>')
    )

    assert _rows(package) == (["2023-03-15"], None)


@pytest.mark.parametrize("broken", ["sharedStrings", "styles"])
def test_damaged_strings_or_formats_cost_only_themselves(tmp_path: Path, broken: str) -> None:
    sheet = _sheet('<c s="1"><v>45000</v></c><c t="inlineStr"><is><t>word</t></is></c>')
    package = _package(tmp_path, sheet1=sheet, **{broken: "<x"})

    lines, reason = _rows(package)

    assert lines == ["2023-03-15\tword" if broken == "sharedStrings" else "45000\tword"]
    assert reason is None


def test_strings_before_a_damaged_place_are_kept(tmp_path: Path) -> None:
    package = _package(
        tmp_path, sharedStrings="<sst><si><t>kept</t></si><si>", sheet1=_sheet('<c t="s"><v>0</v></c>')
    )

    assert _rows(package) == (["kept"], None)


def test_a_damaged_cell_ends_the_sheet_with_the_rows_before_it(tmp_path: Path) -> None:
    package = _package(tmp_path, sheet1=_sheet("<c><v>1</v></c>", '<c t="s"><v>x</v></c>'))

    assert _rows(package) == (["1"], Code.CORRUPT)


def test_a_damaged_workbook_raises(tmp_path: Path) -> None:
    with pytest.raises(UNREADABLE):
        _rows(_package(tmp_path, workbook="<w"))


def test_limits_hold_over_all_sheets(tmp_path: Path) -> None:
    package = _package(tmp_path, sheet1=_sheet("<c><v>1</v></c>", "<c/>"))
    few = CellReader(package, _MAIN, max_chars=1000, max_cells=3)
    short = CellReader(package, _MAIN, max_chars=3, max_cells=1000)

    assert [few.rows(_SHEET) for _ in range(2)] == [(["1"], None), (["1"], Code.BOMB)]
    assert [short.rows(_SHEET) for _ in range(2)] == [(["1"], None), (["1"], Code.TOO_LARGE)]


def test_plain_text_leaves_furigana_out() -> None:
    root = etree.fromstring("<si><t>a</t><rPh><t>no</t></rPh><r><t>b</t></r></si>")

    assert plain_text(root) == "ab"


def test_a_row_that_refers_to_one_string_many_times_is_not_read_to_its_end(tmp_path: Path) -> None:
    package = _package(tmp_path, sheet1="<s><row>" + '<c t="s"><v>1</v></c>' * 500 + "</row></s>")

    rows, reason = _rows(package, max_chars=20)

    assert (rows, reason) == (["\t".join(["two lines"] * 3)], Code.TOO_LARGE)


@pytest.mark.parametrize(
    ("cell", "lacks"),
    [
        ("<c><f>A1*2</f></c>", True),
        ("<c><f>A1*2</f><v></v></c>", True),
        ("<c><f>A1*2</f><v>4</v></c>", False),
        ('<c t="str"><f>A1&amp;""</f><v></v></c>', False),
        ("<c/>", False),
    ],
)
def test_formulas_without_a_value_are_said(tmp_path: Path, cell: str, lacks: bool) -> None:
    _, reason = _rows(_package(tmp_path, sheet1=_sheet("<c><v>1</v></c>", cell)))
    assert reason is (Code.FORMULAS if lacks else None)


def test_what_is_printed_above_and_below_is_read_without_its_codes(tmp_path: Path) -> None:
    header = (
        '&amp;L&amp;"游ゴシック,標準"社外秘&amp;C&amp;12見積書&amp;R&amp;K01+000R&amp;&amp;D &amp;P/&amp;N'
    )
    sheet = _sheet("<c><v>1</v></c>").removesuffix("</s>")
    sheet += f"<x><oddHeader>{header}</oddHeader><oddFooter>&amp;P</oddFooter></x></s>"
    rows, reason = _rows(_package(tmp_path, sheet1=sheet))
    assert (rows, reason) == (["1", "社外秘 見積書 R&D /"], None)
