"""OLE containers: the file type of one, and whether it needs a password."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.extract.office.ole import (
    has_directory,
    has_stream,
    is_encrypted,
    is_encrypted_package,
    type_of_ole,
    word_version,
)
from worker.models.file import FileType

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
_PLAIN_WORD = struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0x411, 0, 0x0000)
_LOCKED_WORD = struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0x411, 0, 0x0100)
_BOF = struct.pack("<HH", 0x0809, 16) + bytes(16)
_FILE_PASS = struct.pack("<HH", 0x002F, 54) + bytes(54)
_WRITE_PROTECT = struct.pack("<HH", 0x0086, 0)
_EOF = struct.pack("<HH", 0x000A, 0)
_PLAIN_USER = struct.pack("<IIII", 0x0FF60000, 20, 20, 0xE391C05F)
_LOCKED_USER = struct.pack("<IIII", 0x0FF60000, 20, 20, 0xF3D1C4DF)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ({"WordDocument": _PLAIN_WORD, "1Table": b""}, FileType.DOC),
        ({"Workbook": _BOF}, FileType.XLS),
        ({"Book": _BOF}, FileType.XLS),
        ({"Current User": _PLAIN_USER, "PowerPoint Document": b""}, FileType.PPT),
        ({"EncryptionInfo": b"", "EncryptedPackage": b""}, None),
        ({"__properties_version1.0": b""}, None),
    ],
    ids=["word", "excel", "excel 5", "powerpoint", "encrypted ooxml", "mail"],
)
def test_the_streams_decide_the_type(
    tmp_path: Path, write_ole: WriteOle, streams: dict[str, bytes], expected: FileType | None
) -> None:
    path = write_ole(tmp_path / "a", streams)

    assert type_of_ole(path) is expected
    assert is_encrypted_package(path) is ("EncryptedPackage" in streams)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ({"WordDocument": _PLAIN_WORD}, False),
        ({"WordDocument": _LOCKED_WORD}, True),
        ({"Workbook": _BOF + _WRITE_PROTECT + _EOF + _FILE_PASS}, False),
        ({"Workbook": _BOF + _WRITE_PROTECT + _FILE_PASS + _EOF}, True),
        ({"Book": _BOF + _FILE_PASS}, True),
        ({"Current User": _PLAIN_USER, "PowerPoint Document": b""}, False),
        ({"Current User": _LOCKED_USER, "PowerPoint Document": b""}, True),
        ({"PowerPoint Document": b"", "EncryptedSummary": b""}, True),
        ({"PowerPoint Document": b""}, False),
        ({"EncryptionInfo": b"", "EncryptedPackage": b""}, True),
    ],
    ids=[
        "word",
        "word with a password",
        "excel, the record after the end of its head",
        "excel with a password",
        "excel 5 with a password",
        "powerpoint",
        "powerpoint with a password",
        "powerpoint with encrypted properties",
        "powerpoint without its user",
        "ooxml with a password",
    ],
)
def test_a_password_is_detected_in_the_head_of_the_main_stream(
    tmp_path: Path, write_ole: WriteOle, streams: dict[str, bytes], expected: bool
) -> None:
    assert is_encrypted(write_ole(tmp_path / "a", streams)) is expected


def test_the_version_of_word_and_the_streams_are_reported(tmp_path: Path, write_ole: WriteOle) -> None:
    path = write_ole(tmp_path / "a", {"WordDocument": _PLAIN_WORD, "1Table": b""})
    other = write_ole(tmp_path / "b", {"Book": b""})

    assert (word_version(path), word_version(other)) == (0xC1, 0)
    assert (has_stream(path, "1Table"), has_stream(other, "1Table")) == (True, False)
    assert has_directory(path)
    path.write_bytes(path.read_bytes()[:1024])
    assert not has_directory(path)


@pytest.mark.parametrize(
    ("name", "kind", "encrypted"),
    [
        ("WordDocument", FileType.DOC, False),
        ("PowerPoint Document", FileType.PPT, False),
        ("EncryptedPackage", None, True),
        ("Book", None, False),
    ],
)
def test_a_damaged_container_is_identified_by_the_names_in_its_bytes(
    tmp_path: Path, name: str, kind: FileType | None, encrypted: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(_OLE + name.encode("utf-16-le") + bytes(64))

    assert type_of_ole(path) is kind
    assert is_encrypted_package(path) is encrypted
    assert is_encrypted(path) is encrypted


def test_a_directory_that_contains_itself_is_identified_by_the_names_in_its_bytes(
    tmp_path: Path, write_ole: WriteOle
) -> None:
    path = write_ole(tmp_path / "a", {"WordDocument": _PLAIN_WORD, "1Table": b""})
    data = bytearray(path.read_bytes())
    entry = data.index("1Table".encode("utf-16-le"))
    data[entry + 66] = 1  # a folder
    data[entry + 76 : entry + 80] = struct.pack("<I", 0)  # in which the root is
    path.write_bytes(data)

    assert type_of_ole(path) is FileType.DOC
    assert not is_encrypted(path)
