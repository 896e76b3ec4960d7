"""Copies of older files for LibreOffice."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import olefile
import pytest

from worker.extract.office.stored.stored_form import prepare_copy, repaired_copies
from worker.models.file import FileType

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

WriteOle = Callable[[Path, dict[str, bytes]], Path]


def _stream(path: Path, name: str) -> bytes:
    with olefile.OleFileIO(str(path)) as container:
        return bytes(container.openstream(name).read())


def test_a_word_file_shows_no_changes(tmp_path: Path, write_ole: WriteOle) -> None:
    head = bytearray(4096)
    struct.pack_into("<HH", head, 0, 0xA5EC, 193)
    struct.pack_into("<II", head, 154 + 8 * 31, 0, 84)
    path = write_ole(tmp_path / "a.doc", {"WordDocument": bytes(head), "0Table": b"\xff" * 4096})
    before = path.read_bytes()

    assert _stream(prepare_copy(path, FileType.DOC), "0Table")[:9] == b"\xff" * 7 + b"\xe7\xff"
    assert path.read_bytes() == before


_BEGIN = struct.pack("<HHHH", 0x0809, 8, 0x0600, 5) + bytes(4)
_FORMULA = bytes(6) + struct.pack("<d", 45_000.0) + bytes(8) + b"\x41\xdd\0"
_TODAY = struct.pack("<HH", 6, len(_FORMULA)) + _FORMULA


@pytest.mark.parametrize("name", ["Workbook", "Book"])
def test_a_workbook_keeps_its_dates(tmp_path: Path, write_ole: WriteOle, name: str) -> None:
    path = write_ole(tmp_path / "a.xls", {name: _BEGIN + _TODAY})

    assert _stream(prepare_copy(path, FileType.XLS), name)[12:14] == b"\x03\x02"


def test_a_sheet_that_is_a_file_keeps_its_dates(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(struct.pack("<HHHHH", 0x0409, 6, 0, 0x10, 0) + _TODAY)

    assert prepare_copy(path, FileType.XLS).read_bytes()[10:12] == b"\x03\x02"


def test_a_binary_workbook_keeps_its_dates(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsb"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.bin", b"\x09\x13" + bytes(16) + b"\x41\xdd\0")
    with zipfile.ZipFile(prepare_copy(path, FileType.XLSB)) as archive:
        assert archive.read("xl/worksheets/sheet1.bin") == b"\x05\x10" + bytes(16)


def test_deleted_text_of_rtf_is_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1 {\deleted old}}")

    assert prepare_copy(path, FileType.RTF).read_bytes() == rb"{\rtf1 {\v old}}"


def test_damaged_rtf_is_repaired_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1 {\b cut")
    (repaired,) = repaired_copies(path, FileType.RTF)

    assert repaired.read_bytes() == rb"{\rtf1 {\b cut}}"
    assert not list(repaired_copies(repaired, FileType.RTF))
    assert not list(repaired_copies(path, FileType.DOC))


def test_open_documents_are_copied_where_they_have_to_change(tmp_path: Path) -> None:
    path = tmp_path / "a.odt"
    for markup, is_copied in (
        ("<t/>", False),
        ('<d xmlns:text="x:text:1.0"><text:date>1</text:date></d>', True),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("content.xml", markup)
        assert (prepare_copy(path, FileType.ODT) != path) is is_copied


@pytest.mark.parametrize(
    ("file_type", "data"),
    [
        (FileType.ODT, b"no archive"),
        (FileType.DOC, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
        (FileType.XLS, b"\t\x04\x06\0 a stream that is no container"),
        (FileType.PPT, b"whatever"),
    ],
)
def test_what_cannot_be_copied_is_converted_as_it_is(
    tmp_path: Path, file_type: FileType, data: bytes
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)

    assert prepare_copy(path, file_type) == path
