"""The real LibreOffice on what programs leave to it: formulas nobody computed, fields, tracked changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.office.xlsx import open_xlsx
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("installed", "own_temporary_folder")]

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


@pytest.fixture
def installed(require_program: Callable[[str], str]) -> None:
    require_program("soffice")


def test_formulas_without_values_are_computed_but_for_those_of_the_moment(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append([1200, 800, "=A1+B1", '="合計は"&C1', "=TODAY()", "=E1+1", "=1=1"])
    book.create_sheet("二").append(["=Sheet!C1*2"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    first, second = open_xlsx(path, _OPTIONS).pages

    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert first.text == "Sheet\n1200\t800\t2000\t合計は2000\t\t\tTRUE"
    assert first.reason == "formulas"
    assert (second.text, second.reason) == ("二\n4000", None)
