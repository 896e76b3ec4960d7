"""Files in legacy Word, Excel and PowerPoint files."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import olefile
import pytest

from worker.errors import Code, RejectedError
from worker.extract.office.objects import legacy_objects as reader
from worker.extract.office.objects.compound_file import compound_file
from worker.extract.office.objects.legacy_objects import legacy_objects

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]


def _files(path: Path) -> dict[str, bytes]:
    return {each.name: each.open().read() for each in legacy_objects(path)}


def _package(name: str, data: bytes) -> bytes:
    text = name.encode("cp932") + b"\0"
    body = struct.pack("<H", 2) + text + text + bytes(4) + struct.pack("<I", len(text)) + text
    body += struct.pack("<I", len(data)) + data
    return struct.pack("<I", len(body)) + body


def _record(kind: int, data: bytes, *, version: int = 0) -> bytes:
    return struct.pack("<HHI", version, kind, len(data)) + data


def _compressed(data: bytes) -> bytes:
    return _record(0x1011, struct.pack("<I", len(data)) + zlib.compress(data), version=0x0010)


def test_the_pool_of_a_text_has_packages_and_documents(tmp_path: Path, write_ole: WriteOle) -> None:
    path = write_ole(
        tmp_path / "a.doc",
        {
            "WordDocument": b"text",
            "ObjectPool/_1/\x01Ole10Native": _package("見積書.pdf", b"%PDF-1.7"),
            "ObjectPool/_2/Workbook": b"cells",
            "ObjectPool/_2/\x01CompObj": b"Excel",
            "ObjectPool/_3/Equation Native": b"x",
            "ObjectPool/_4/Package": b"PK of a workbook",
            "Other/_5/Package": b"no object",
        },
    )
    found = _files(path)
    assert set(found) == {"見積書.pdf", "object 2", "object 4"}
    assert found["見積書.pdf"] == b"%PDF-1.7"
    assert found["object 4"].rstrip(b"\0") == b"PK of a workbook"
    with olefile.OleFileIO(io.BytesIO(found["object 2"])) as workbook:
        assert workbook.openstream("Workbook").read().rstrip(b"\0") == b"cells"


def test_objects_of_a_sheet_are_in_folders_at_its_top(tmp_path: Path, write_ole: WriteOle) -> None:
    streams = {"Workbook": b"cells", "MBD0012ab/CONTENTS": b"%PDF-1.4", "_VBA_PROJECT_CUR/PROJECT": b"code"}
    found = _files(write_ole(tmp_path / "a.xls", streams))
    assert {name: data.rstrip(b"\0") for name, data in found.items()} == {"object 1": b"%PDF-1.4"}


def test_objects_of_slides_are_records_that_may_be_compressed(tmp_path: Path, write_ole: WriteOle) -> None:
    plain = write_ole(tmp_path / "plain", {"Package": b"PK of a document"}).read_bytes()
    native = write_ole(tmp_path / "native", {"\x01Ole10Native": _package("a.txt", b"text")}).read_bytes()
    macros = write_ole(tmp_path / "macros", {"PROJECT": b"code"}).read_bytes()
    stream = b"".join(
        (_record(0x03E8, b"slides"), _record(0x1011, plain), _compressed(macros), _compressed(native))
    )
    found = _files(write_ole(tmp_path / "a.ppt", {"PowerPoint Document": stream}))
    assert {name: data.rstrip(b"\0") for name, data in found.items()} == {
        "object 1": b"PK of a document",
        "a.txt": b"text",
    }


def test_a_damaged_object_is_said_between_others(tmp_path: Path, write_ole: WriteOle) -> None:
    native = write_ole(tmp_path / "native", {"\x01Ole10Native": _package("a.txt", b"text")}).read_bytes()
    damaged = _record(0x1011, struct.pack("<I", 9) + b"no stream of zlib", version=0x0010)
    path = write_ole(tmp_path / "a.ppt", {"PowerPoint Document": damaged + _compressed(native)})
    first, second = legacy_objects(path)
    with pytest.raises(RejectedError, match="object 1: damaged") as caught:
        first.open()
    assert caught.value.code is Code.CORRUPT
    assert (second.name, second.open().read()) == ("a.txt", b"text")


def test_an_object_that_unpacks_to_too_much_is_a_bomb(
    tmp_path: Path, write_ole: WriteOle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_MAX_BYTES", 100_000)
    path = write_ole(tmp_path / "a.ppt", {"PowerPoint Document": _compressed(bytes(1_000_000))})
    (bomb,) = legacy_objects(path)
    with pytest.raises(RejectedError) as caught:
        bomb.open()
    assert caught.value.code is Code.BOMB


@pytest.mark.parametrize("data", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)])
def test_a_container_that_cannot_be_read_has_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(data)
    assert list(legacy_objects(path)) == []


def test_an_object_has_its_own_objects_in_it(tmp_path: Path, write_ole: WriteOle) -> None:
    streams = {
        "Workbook": b"cells",
        "MBD01/WordDocument": b"text",
        "MBD01/ObjectPool/_1/Workbook": b"inner cells",
        "MBD01/ObjectPool/_1/MBD02/Package": b"PK of a document",
    }
    path = write_ole(tmp_path / "a.xls", streams)
    for number, (name, stream) in enumerate([("text", "WordDocument"), ("cells", "Workbook")]):
        (found,) = legacy_objects(path)
        assert found.name == "object 1"
        path = tmp_path / name
        path.write_bytes(found.open().read())
        with olefile.OleFileIO(str(path)) as container:
            assert container.exists(stream), number
    assert {name: data.rstrip(b"\0") for name, data in _files(path).items()} == {
        "object 1": b"PK of a document"
    }


def test_streams_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    names = [("MBD01", "Package"), *(("MBD01", f"part{number}") for number in range(5))]
    data = bytearray(
        compound_file({place: bytes(5000) for place in [*names, ("Workbook",)]} | {names[0]: b"p" * 50_000})
    )
    place_and_size = slice(116, 124)  # of an entry of the directory
    entries = [data.index(name.encode("utf-16-le")) for _, name in names]
    for at in entries[1:]:
        data[at + 116 : at + 124] = data[entries[0] :][place_and_size]
    path = tmp_path / "a.xls"
    path.write_bytes(data)
    (bomb,) = legacy_objects(path)
    with pytest.raises(RejectedError) as caught:
        bomb.open()
    assert caught.value.code is Code.BOMB
