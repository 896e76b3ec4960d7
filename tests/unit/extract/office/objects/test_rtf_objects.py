"""Files in RTF."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.errors import RejectedError
from worker.extract.office.objects.rtf_objects import rtf_objects

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]


def _text(text: bytes) -> bytes:
    return struct.pack("<I", len(text) + 1) + text + b"\0"


def _object(program: bytes, native: bytes, *, kind: int = 2) -> bytes:
    head = struct.pack("<II", 0x0501, kind) + _text(program) + struct.pack("<II", 0, 0)
    return head + struct.pack("<I", len(native)) + native


def _package(name: str, data: bytes) -> bytes:
    label = name.encode("cp932") + b"\0"
    path = struct.pack("<I", len(label)) + label
    return b"\2\0" + label + label + bytes(4) + path + struct.pack("<I", len(data)) + data


def _rtf(folder: Path, *objects: bytes) -> Path:
    pieces = []
    for each in objects:
        digits = each.hex()
        lines = "\r\n".join(digits[at : at + 64] for at in range(0, len(digits), 64))
        pieces.append(r"{\object\objemb{\*\objclass x}{\*\objdata " + lines + r"}{\result picture}}")
    path = folder / "a.rtf"
    path.write_text(r"{\rtf1 text " + " ".join(pieces) + "}")
    return path


def test_packages_and_documents_are_files(tmp_path: Path, write_ole: WriteOle) -> None:
    workbook = write_ole(tmp_path / "ole", {"Package": b"PK of a workbook"}).read_bytes()
    older = write_ole(tmp_path / "older", {"WordDocument": b"text"}).read_bytes()
    drawn = write_ole(tmp_path / "drawn", {"Equation Native": b"x"}).read_bytes()
    path = _rtf(
        tmp_path,
        _object(b"Package", _package("見積書.pdf", b"%PDF-1.7")),
        _object(b"Excel.Sheet.12", workbook),
        _object(b"Word.Document.8", older),
        _object(b"Equation.3", drawn),
        _object(b"PBrush", b"BM"),
        _object(b"Package", b"link", kind=1),
    )
    found = {each.name: each.open().read() for each in rtf_objects(path)}
    assert set(found) == {"見積書.pdf", "object 2", "object 3"}
    assert found["見積書.pdf"] == b"%PDF-1.7"
    assert found["object 2"].rstrip(b"\0") == b"PK of a workbook"
    assert found["object 3"] == older


@pytest.mark.parametrize(
    "data", [b"\1", _object(b"Package", b"cut off"), b"\1\5\0\0\2\0\0\0\xff\xff\xff\xff"]
)
def test_a_damaged_object_is_said_between_others(tmp_path: Path, data: bytes) -> None:
    first, second = rtf_objects(_rtf(tmp_path, data, _object(b"Package", _package("a.txt", b"text"))))
    with pytest.raises(RejectedError, match="object 1: damaged"):
        first.open()
    assert second.open().read() == b"text"


def test_a_text_without_objects_has_none(tmp_path: Path) -> None:
    assert list(rtf_objects(_rtf(tmp_path))) == []
