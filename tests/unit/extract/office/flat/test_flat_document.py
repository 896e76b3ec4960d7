"""XML files by their root element."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.office.flat.flat_document import open_xml_file
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_BOOK = '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">{0}</Workbook>'
_SHEET = '<Worksheet ss:Name="売上" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"/>'
_PACKAGE = '<p:package xmlns:p="http://schemas.microsoft.com/office/2006/xmlPackage">{0}</p:package>'
_WORD = '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">{0}</w:wordDocument>'


def _texts(folder: Path, markup: str, encoding: str = "utf-8") -> list[str]:
    path = folder / "a"
    path.write_bytes(markup.encode(encoding))
    return [page.text for page in open_xml_file(path, _OPTIONS).pages if isinstance(page, Page)]


@pytest.mark.parametrize("encoding", ["utf-8", "Shift_JIS", "utf-16"])
def test_a_workbook_has_pages_in_whatever_encoding(tmp_path: Path, encoding: str) -> None:
    markup = f'<?xml version="1.0" encoding="{encoding}"?>' + _BOOK.format(_SHEET + _SHEET)

    assert _texts(tmp_path, markup, encoding) == ["売上", "売上"]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<note><to>Anna</to><from>Ben</from></note>", "Anna\nBen"),
        (_BOOK.format("no sheet"), "no sheet"),
        (_PACKAGE.format("neither of Word"), "neither of Word"),
        (_PACKAGE.format('<p:part p:name="/word/a.xml">damaged</p:part>'), "damaged"),
        ("<a>cut <b>off", "<a>cut <b>off"),
    ],
)
def test_all_other_files_are_the_text_between_their_tags(tmp_path: Path, markup: str, expected: str) -> None:
    assert _texts(tmp_path, markup) == [expected]


def test_a_document_that_is_read_as_other_xml_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("<note>text</note>")
    assert open_xml_file(path, _OPTIONS).unread == ()
    path.write_text(_BOOK.format("no sheet"))
    assert open_xml_file(path, _OPTIONS).unread == (Code.CORRUPT,)

    path.write_text(_WORD.format("text"))
    monkeypatch.setattr("worker.extract.office.flat.word_2003._MAX_TREE_BYTES", 10)
    assert open_xml_file(path, _OPTIONS).unread == (Code.TOO_LARGE,)


def test_a_large_picture_brings_no_deleted_text_back(tmp_path: Path) -> None:
    deletion = '<annotation w:type="Word.Deletion"><w:r><w:t>deleted</w:t></w:r></annotation>'
    picture = f"<w:binData>{'QUJD' * 2_600_000}</w:binData>"
    body = f"<w:body><w:p>{deletion}<w:r><w:t>kept</w:t></w:r>{picture}</w:p></w:body>"

    assert _texts(tmp_path, _WORD.format(body)) == ["kept"]


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password")
    doctype = f'<!DOCTYPE Workbook [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    row = "<Worksheet><Table><Row><Cell><Data>&x;</Data></Cell></Row></Table></Worksheet>"

    assert "password" not in "".join(_texts(tmp_path, doctype + _BOOK.format(row)))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        _texts(tmp_path, "")
    assert caught.value.code is Code.EMPTY
