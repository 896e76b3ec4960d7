"""Values of formulas that no program has computed: what LibreOffice is given, and what is taken of it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName

from tests.stand_ins.programs import StandInOffice
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.office.sheet.formula_values import FormulaValues, Values
from worker.extract.office.xlsx import open_xlsx
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

_OPTIONS = ReadOptions(
    limits=replace(limits(Settings()), page_timeout_s=10.0), languages=("jpn", "eng"), dpi=200
)
_PART = "xl/worksheets/sheet1.xml"
_RESULT = (
    '<worksheet><row><c r="A1"><f>1+2</f><v>3</v></c><c r="B1" t="str"><f>"x"</f><v>x</v></c>'
    '<c r="C1" t="str"><f>""</f><v></v></c><c r="D1" t="e"><f>NA()</f><v>#N/A</v></c>'
    '<c r="E1"><v>5</v></c></row></worksheet>'
)


def _book(folder: Path, *formulas: str) -> Path:
    book = Workbook()
    book.active.append([f"={formula}" for formula in formulas])
    path = folder / "a.xlsx"
    book.save(path)
    return path


@pytest.fixture
def office(soffice: StandInOffice) -> StandInOffice:
    """A stand-in that keeps what it is given, and answers with `_RESULT` as the only sheet."""
    ready = soffice.folder / "ready.xlsx"
    Workbook().save(ready)
    buffer = io.BytesIO(ready.read_bytes())
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(ready, "w") as archive:
        for name in old.namelist():
            archive.writestr(name, _RESULT if name == _PART else old.read(name))
    soffice.behaves('cp "$input" "$here/given.xlsx"; cp "$here/ready.xlsx" "$out/document.xlsx"')
    return soffice


def _values(path: Path) -> Values:
    return FormulaValues(path, [_PART], _OPTIONS).of_sheet(_PART)


def _formulas_given(office: StandInOffice, part: str = _PART) -> str:
    with zipfile.ZipFile(office.folder / "given.xlsx") as archive:
        return archive.read(part).decode()


def test_values_of_formulas_are_taken_and_no_errors(tmp_path: Path, office: StandInOffice) -> None:
    assert _values(_book(tmp_path, "1+2")) == {"A1": ("n", "3"), "B1": ("str", "x"), "C1": ("str", "")}


def test_a_workbook_is_computed_once(tmp_path: Path, office: StandInOffice) -> None:
    values = FormulaValues(_book(tmp_path, "1+2"), [_PART], _OPTIONS)

    assert values.of_sheet(_PART) == values.of_sheet(_PART)
    assert values.of_sheet("another") == {}
    assert len(office.calls()) == 1


def test_a_page_has_the_computed_values_in_the_formats_of_its_own_file(
    tmp_path: Path, office: StandInOffice
) -> None:
    path = tmp_path / "a.xlsx"
    book = Workbook()
    book.active.append(["=1+2", '="x"', '=""', "=NA()"])
    book.active["A1"].number_format = "000"
    book.active["B1"].number_format = ";;;"
    book.save(path)
    (page,) = open_xlsx(path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert (page.text, page.reason) == ("Sheet\n003", "formulas")


def test_a_workbook_whose_formulas_are_all_computed_is_whole(tmp_path: Path, office: StandInOffice) -> None:
    (page,) = open_xlsx(_book(tmp_path, "1+2", '"x"'), _OPTIONS).pages

    assert isinstance(page, Page)
    assert (page.text, page.reason) == ("Sheet\n3\tx", None)


def test_nothing_is_computed_where_every_formula_has_its_value(tmp_path: Path, office: StandInOffice) -> None:
    path = tmp_path / "a.xlsx"
    book = Workbook()
    book.active.append([1])
    book.save(path)
    list(open_xlsx(path, _OPTIONS).pages)

    assert office.calls() == []


@pytest.mark.parametrize("formula", ["TODAY()-1", "now ( )", "RANDBETWEEN(1,6)", "_xlfn.RANDARRAY(2)"])
def test_what_depends_on_the_moment_is_not_computed(
    tmp_path: Path, office: StandInOffice, formula: str
) -> None:
    path = _book(tmp_path, formula, "A1+1")
    _values(path)
    given = _formulas_given(office)

    assert given.count("<f>NA()</f>") == 1
    assert "<f>A1+1</f>" in given
    assert formula.split("(", maxsplit=1)[0] not in given


def test_names_may_stand_for_the_moment_too(tmp_path: Path, office: StandInOffice) -> None:
    path = _book(tmp_path, "now1+1")
    book = Workbook()
    book.active.append(["=day+1"])
    book.defined_names["day"] = DefinedName("day", attr_text="TODAY()")
    book.save(path)
    _values(path)

    assert "TODAY" not in _formulas_given(office, "xl/workbook.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sheets_may_be_in_any_folder_and_in_utf_16(
    tmp_path: Path, office: StandInOffice, encoding: str
) -> None:
    part, path = "xl/other/first.xml", tmp_path / "other.xlsx"
    with zipfile.ZipFile(_book(tmp_path, "TODAY()")) as old, zipfile.ZipFile(path, "w") as archive:
        for name in old.namelist():
            data = old.read(name)
            is_sheet = name == _PART
            archive.writestr(part if is_sheet else name, data.decode().encode(encoding) if is_sheet else data)
    FormulaValues(path, [part], _OPTIONS).of_sheet(part)

    assert "<f>NA()</f>" in _formulas_given(office, part)


def test_an_error_that_may_become_a_value_again_is_not_computed(
    tmp_path: Path, office: StandInOffice
) -> None:
    for formula in ('IFERROR(A1,"none")', "SUBTOTAL(2,A1)", "TYPE(A1)", "DVARP(A1:A2,1,A1:A2)"):
        assert _values(_book(tmp_path, "TODAY()", formula)) == {}
    assert office.calls() == []
    assert _values(_book(tmp_path, 'IFERROR(1/0,"none")')) != {}


@pytest.mark.usefixtures("no_soffice")
def test_without_libreoffice_there_are_no_values(tmp_path: Path) -> None:
    (page,) = open_xlsx(_book(tmp_path, "1+2"), _OPTIONS).pages

    assert isinstance(page, Page)
    assert (page.text, page.reason) == ("Sheet", "formulas")


def test_a_run_that_takes_too_long_is_named_as_one_that_may_do_better(
    tmp_path: Path, soffice: StandInOffice
) -> None:
    soffice.behaves("while :; do :; done")
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, page_timeout_s=1.0))
    (page,) = open_xlsx(_book(tmp_path, "1+2"), options).pages

    assert isinstance(page, Page)
    assert (page.text, page.reason) == ("Sheet", "timeout")


@pytest.mark.parametrize("behaviour", ["exit 1", 'echo damaged > "$out/document.xlsx"'])
def test_a_conversion_that_fails_leaves_formulas_named(
    tmp_path: Path, soffice: StandInOffice, behaviour: str
) -> None:
    soffice.behaves(behaviour)

    assert _values(_book(tmp_path, "1+2")) == {}


def test_another_number_of_sheets_is_not_this_workbook(tmp_path: Path, office: StandInOffice) -> None:
    assert (
        FormulaValues(_book(tmp_path, "1+2"), [_PART, "xl/worksheets/sheet2.xml"], _OPTIONS).of_sheet(_PART)
        == {}
    )
