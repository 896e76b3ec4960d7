"""The real LibreOffice on what programs leave to it: formulas nobody computed, fields, tracked changes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from tests.stand_ins.encrypted_office import encrypted_office_file
from tests.stand_ins.older_word import word_95_file
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.extractors import EXTRACTORS
from worker.extract.office.legacy import open_legacy_office
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.objects.compound_file import compound_file
from worker.extract.office.xlsx import open_xlsx
from worker.extract.read_options import ReadOptions
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("installed", "own_temporary_folder")]

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_PAST = "2001-02-03"


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


def _with_changes(folder: Path) -> Path:
    """A Word file with a deletion by a tracked change, and a field of the date."""
    document = docx.Document()
    paragraph = document.add_paragraph("keep ")
    deletion, run, text = OxmlElement("w:del"), OxmlElement("w:r"), OxmlElement("w:delText")
    for name, value in (("w:id", "1"), ("w:author", "a"), ("w:date", "2020-01-01T00:00:00Z")):
        deletion.set(qn(name), value)
    text.text = "REMOVED"
    run.append(text)
    deletion.append(run)
    paragraph._p.append(deletion)
    paragraph.add_run(" end")
    field, run, text = OxmlElement("w:fldSimple"), OxmlElement("w:r"), OxmlElement("w:t")
    field.set(qn("w:instr"), ' DATE \\@ "yyyy-MM-dd" ')
    text.text = "2001-02-03"
    run.append(text)
    field.append(run)
    document.add_paragraph("dated ")._p.append(field)
    document.save(str(folder / "a.docx"))
    return folder / "a.docx"


def _in_the_past(file_type: FileType, data: bytes) -> bytes:
    """The file as it would be if it had been saved on 3 February 2001."""
    today = datetime.now(tz=UTC).date().isoformat()
    if file_type is not FileType.ODT:
        old, new = (
            day.encode("utf-16-le" if file_type is FileType.DOC else "ascii") for day in (today, _PAST)
        )
        assert data.count(old) == 1
        return data.replace(old, new)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old_archive, zipfile.ZipFile(buffer, "w") as archive:
        for name in old_archive.namelist():
            archive.writestr(name, old_archive.read(name).replace(today.encode(), _PAST.encode()))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file_type", "writer"),
    [
        (FileType.DOC, "doc:MS Word 97"),
        (FileType.RTF, "rtf:Rich Text Format"),
        (FileType.ODT, "odt:writer8"),
    ],
)
def test_deleted_text_is_left_out_and_dates_are_those_of_the_file(
    tmp_path: Path, file_type: FileType, writer: str
) -> None:
    conversion = Conversion(suffix="docx", reader="MS Word 2007 XML", writer=writer)
    saved = convert(_with_changes(tmp_path), conversion, timeout_s=120.0)
    path = tmp_path / "a"
    path.write_bytes(_in_the_past(file_type, saved.read_bytes()))
    (page,) = open_legacy_office(file_type, path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text.split() == ["keep", "end", "dated", _PAST]


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


@pytest.mark.parametrize(("bof", "kind"), [(0x0209, 0x0204), (0x0409, 0x0204)], ids=["Excel 3", "Excel 4"])
def test_sheets_of_the_first_versions_of_excel_are_read(tmp_path: Path, bof: int, kind: int) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(
        _record(bof, struct.pack("<HHH", 0, 0x10, 0))
        + _record(kind, struct.pack("<HHHH", 0, 0, 0, 5) + b"Hello")
        + _record(0x0203, struct.pack("<HHHd", 0, 1, 0, 42.0))
        + _record(0x000A, b"")
    )
    assert detect_file_type(path) is FileType.XLS
    (page,) = open_legacy_office(FileType.XLS, path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text.splitlines()[1:] == ["Hello\t42"]


def _binary(kind: int, body: bytes = b"") -> bytes:
    """A record of xlsb: number and size are written in seven bits a byte."""
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(body)]) + body


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _binary_workbook(path: Path, cells: bytes) -> Path:
    """An xlsb of one sheet with one row."""
    sheet = struct.pack("<II", 0, 1) + _wide("rId1") + _wide("売上")
    row = struct.pack("<IIH", 0, 0, 300) + bytes(7)
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="{1}" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{0}"/></Relationships>'
    )
    kind = "application/vnd.ms-excel.{0}"
    book = kind.format("sheet.binary.macroEnabled.main")
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.bin" ContentType="{book}"/>'
        f'<Override PartName="/xl/sheet1.bin" ContentType="{kind.format("worksheet")}"/></Types>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", relation.format("officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/_rels/workbook.bin.rels", relation.format("worksheet", "sheet1.bin"))
        sheets = _binary(143) + _binary(156, sheet) + _binary(144)
        archive.writestr("xl/workbook.bin", _binary(131) + sheets + _binary(132))
        data = _binary(145) + _binary(0, row) + cells + _binary(146)
        archive.writestr("xl/sheet1.bin", _binary(129) + data + _binary(130))
    return path


def test_a_binary_workbook_is_read(tmp_path: Path) -> None:
    cells = _binary(6, bytes(8) + _wide("品名")) + _binary(5, struct.pack("<IId", 1, 0, 42.0))
    path = _binary_workbook(tmp_path / "a.xlsb", cells)
    (page,) = open_legacy_office(detect_file_type(path), path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text == "売上\n品名\t42"


def test_a_binary_workbook_keeps_its_dates(tmp_path: Path) -> None:
    today = b"\x41\xdd\0"

    def formula(tokens: bytes) -> bytes:
        return bytes(2) + struct.pack("<I", len(tokens)) + tokens + bytes(4)

    as_text = today + b"\x17\x0a\0" + "YYYY-MM-DD".encode("utf-16-le") + b"\x41\x30\0"
    first = b"\x44" + struct.pack("<IH", 0, 0xC000)
    cells = (
        _binary(9, struct.pack("<IId", 0, 0, 36_413.0) + formula(today))
        + _binary(8, struct.pack("<II", 1, 0) + _wide("1999-09-09") + formula(as_text))
        + _binary(9, struct.pack("<IId", 2, 0, 36_414.0) + formula(first + b"\x1e\1\0\x03"))
    )
    path = _binary_workbook(tmp_path / "a.xlsb", cells)
    (page,) = open_legacy_office(detect_file_type(path), path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text == "売上\n36413\t1999-09-09\t36414"


def test_an_older_workbook_keeps_its_dates(tmp_path: Path) -> None:
    """Also where the formula has a name, or is one of several cells, or gives a text."""
    today = b"\x41\xdd\0"
    name = _record(0x18, bytes(3) + b"\x05\x07\0" + bytes(8) + b"\0HEUTE\x19\1\0\0" + today)

    def formula(column: int, result: bytes, tokens: bytes) -> bytes:
        head = struct.pack("<HHH", 0, column, 0) + result + bytes(6)
        return _record(6, head + struct.pack("<H", len(tokens)) + tokens)

    none = bytes(3) + b"\xff\xff"
    number, a_text, truth = struct.pack("<d", 36_413.0), bytes(3) + none, b"\1\0\1" + none
    text = "昨日 1999-09-09"
    cells = (
        formula(0, number, b"\x01" + bytes(4))
        + _record(0x04BC, bytes(8) + struct.pack("<H", 3) + today)
        + formula(1, a_text, b"\x43\1\0\0\0")
        + _record(0x0207, struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))
        + formula(2, truth, today + b"\x1e\0\0\x0d")
        + formula(3, b"\2\0\x2a" + none, today + b"\x1e\0\0\x06")
    )
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    sheets = _record(0x85, struct.pack("<IHBB", 0, 0, 2, 1) + "売上".encode("utf-16-le"))
    size, end = _record(0x0200, bytes(14)), _record(0x000A)
    before = len(begin + sheets + name + end)
    sheets = sheets[:4] + struct.pack("<I", before) + sheets[8:]
    book = begin + sheets + name + end + begin.replace(b"\x05\0", b"\x10\0", 1) + size + cells + end
    path = tmp_path / "a.xls"
    path.write_bytes(compound_file({("Workbook",): book}))
    (page,) = open_legacy_office(detect_file_type(path), path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text == "売上\n36413\t昨日 1999-09-09\tTRUE\t#N/A"


def test_deleted_text_of_word_95_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(word_95_file("keep ", "REMOVED", " end"))
    (page,) = open_legacy_office(detect_file_type(path), path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text.split() == ["keep", "end"]


def _encrypted(folder: Path, password: str) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["保護された値"])
    book.save(folder / "a.xlsx")
    path = folder / "b.xlsx"
    path.write_bytes(encrypted_office_file((folder / "a.xlsx").read_bytes(), password))
    return path


def test_a_workbook_with_the_password_of_excel_itself_is_read(tmp_path: Path) -> None:
    path = _encrypted(tmp_path, "VelvetSweatshop")
    (page,) = EXTRACTORS[detect_file_type(path)](path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text == "Sheet\n保護された値"


def test_a_workbook_with_another_password_is_encrypted(tmp_path: Path) -> None:
    path = _encrypted(tmp_path, "another")
    with pytest.raises(RejectedError) as caught:
        EXTRACTORS[detect_file_type(path)](path, _OPTIONS)
    assert caught.value.code is Code.ENCRYPTED


@pytest.mark.parametrize(
    "damage",
    [
        rb"{\object\objemb{\*\objdata 01050000zz}} After it.\par}",
        rb"{\pict\pngblip\bin99999 abc} After it.\par}",
        rb"{\pict\wmetafile8 0100",
        rb"and {\b a word",
    ],
    ids=["no digits", "binary data cut off", "a picture cut off", "a text cut off"],
)
def test_what_is_there_of_damaged_rtf_is_read(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi Before the damage.\par " + damage)
    source = open_legacy_office(FileType.RTF, path, _OPTIONS)
    (page,) = source.pages
    assert isinstance(page, Page)
    assert "Before the damage." in page.text
    assert source.unread == (Code.CORRUPT,)
