"""Files that a system of rights protects are encrypted, and never damaged or of an unknown type."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.errors import Code, RejectedError
from worker.extract.rights_managed import rights_managed, rights_manager
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_BINARY = bytes(range(128, 256)) * 40


def _refusal(path: Path, name: str) -> str:
    with pytest.raises(RejectedError) as caught:
        detect_file_type(path, name)
    assert caught.value.code is Code.ENCRYPTED
    assert str(caught.value).startswith(f"{name}: encrypted: rights_managed (")
    return str(caught.value)


@pytest.mark.parametrize(
    ("head", "system"),
    [
        (b".pfile\x02\0", "Microsoft Information Protection"),
        (b"\x76\xe8\x04\x60\xc4\x11\xe3\x86\xa0\x0f", "Microsoft Information Protection"),
        (b"\x9b DRMONE  This Document is encrypted", "Fasoo"),
        (b"<## NASCA DRM FILE - VER1.00 ##>", "NASCA"),
        (b"SCDSA004", "SoftCamp"),
    ],
)
def test_containers_are_known_by_their_first_bytes(tmp_path: Path, head: bytes, system: str) -> None:
    path = tmp_path / "original"
    path.write_bytes(head + _BINARY)
    assert system in _refusal(path, "見積書.docx")


@pytest.mark.parametrize("name", ["a.ptxt", "a.PJPG", "a.fcl"])
def test_bytes_of_no_known_type_are_known_by_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "original"
    path.write_bytes(_BINARY)
    assert _refusal(path, name)
    path.write_text("FUNCTION_BLOCK of fuzzy control")
    assert detect_file_type(path, name) is FileType.TEXT


@pytest.mark.parametrize(
    "streams",
    [
        {"\x06DataSpaces/TransformInfo/DRMEncryptedTransform/\x06Primary": b"x", "EncryptedPackage": b"x"},
        {"\x06DataSpaces/DataSpaceInfo/\x09DRMDataSpace": b"x", "WordDocument": b"a notice"},
        {"\x09DRMContent": b"x", "Workbook": b"a notice"},
    ],
    ids=["docx", "doc", "xls"],
)
def test_office_files_with_rights(tmp_path: Path, write_ole: WriteOle, streams: dict[str, bytes]) -> None:
    assert "Microsoft IRM" in _refusal(write_ole(tmp_path / "a", streams), "a.docx")


def test_office_files_with_a_password_are_encrypted_without_rights(
    tmp_path: Path, write_ole: WriteOle
) -> None:
    streams = {
        "\x06DataSpaces/TransformInfo/StrongEncryptionTransform/\x06Primary": b"x",
        "EncryptedPackage": b"x",
    }
    assert detect_file_type(write_ole(tmp_path / "a", streams), "a.docx") is FileType.DOCX


def test_books_with_rights(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/rights.xml", "<rights/>")
    assert "an e-book" in _refusal(tmp_path / "a.epub", "a.epub")


def test_other_files_have_no_rights() -> None:
    assert rights_manager(b"SCD and more", "a.pdf", is_unknown=True) is None
    assert rights_manager(b"text", "a.pfile", is_unknown=False) is None
    assert rights_managed("a", "b").code is Code.ENCRYPTED
