"""Title, author and dates of Office files, and that damaged ones cost no text."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import docx
import openpyxl
import pytest

from tests.unit.read_options import OPTIONS
from worker.extract.office.core_properties import (
    core_properties,
    open_document_properties,
    without_dates,
)
from worker.extract.office.docx import open_docx
from worker.extract.office.ooxml_package import open_package
from worker.extract.office.xlsx import open_xlsx
from worker.models.metadata import NO_PROPERTIES, Properties

pytestmark = pytest.mark.unit

_CORE = """<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">{}</cp:coreProperties>"""
_META = """<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0">
<office:meta><dc:title>見積書</dc:title><meta:initial-creator>田中</meta:initial-creator>
<meta:creation-date>2024-04-01T09:00:00.123</meta:creation-date><dc:creator>鈴木</dc:creator>
<dc:date>2024-05-31T10:00:00</dc:date></office:meta></office:document-meta>"""


def _archive(folder: Path, part: str, content: str) -> Path:
    path = folder / "file.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, content)
    return path


def test_word_files_say_who_wrote_them_and_when(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("text")
    document.core_properties.title = "営業報告書"
    document.core_properties.author = "田中 太郎"
    document.core_properties.created = datetime(2024, 4, 1, 9, tzinfo=UTC)
    document.core_properties.modified = datetime(2024, 5, 31, 10, tzinfo=UTC)
    document.save(str(tmp_path / "a.docx"))
    assert open_docx(tmp_path / "a.docx", OPTIONS).properties == Properties(
        title="営業報告書",
        author="田中 太郎",
        created="2024-04-01T09:00:00Z",
        modified="2024-05-31T10:00:00Z",
    )


def test_workbooks_do_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.properties.title = "予算"
    book.save(tmp_path / "a.xlsx")
    assert open_xlsx(tmp_path / "a.xlsx", OPTIONS).properties.title == "予算"


def test_an_open_document_names_its_last_author_and_date(tmp_path: Path) -> None:
    found = open_document_properties(open_package(_archive(tmp_path, "meta.xml", _META)))
    assert found == Properties(
        title="見積書", author="鈴木", created="2024-04-01T09:00:00Z", modified="2024-05-31T10:00:00Z"
    )
    assert without_dates(found) == Properties(title="見積書", author="鈴木")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            _CORE.format("<dc:title>t</dc:title><dcterms:created>never</dcterms:created>"),
            Properties(title="t"),
        ),
        (_CORE.format("<dc:title/>"), NO_PROPERTIES),
        ("<cp:coreProperties", NO_PROPERTIES),
        ("", NO_PROPERTIES),
    ],
)
def test_what_is_missing_or_damaged_is_left_out(tmp_path: Path, content: str, found: Properties) -> None:
    assert core_properties(open_package(_archive(tmp_path, "docProps/core.xml", content))) == found
    assert core_properties(open_package(_archive(tmp_path, "other.xml", content))) == NO_PROPERTIES
