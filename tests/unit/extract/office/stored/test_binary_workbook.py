"""Binary workbooks with the results of their formulas only."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from worker.extract.office.stored.binary_workbook import write_results

pytestmark = pytest.mark.unit

_TODAY, _OTHER = b"\x41\xdd\0", b"\x1e\1\0"
_CELL = bytes(8)


def _record(kind: int, content: bytes) -> bytes:
    size, written = len(content), b""
    while size > 127:
        written += bytes([size & 0x7F | 0x80])
        size >>= 7
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + written + bytes([size]) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _rewritten(folder: Path, part: bytes, *, name: str = "xl/worksheets/sheet1.bin") -> bytes | None:
    with zipfile.ZipFile(folder / "a", "w") as archive:
        archive.writestr(name, part)
        archive.writestr("xl/media/a.png", b"picture")
    if not write_results(folder / "a", folder / "b"):
        return None
    with zipfile.ZipFile(folder / "b") as archive:
        assert archive.read("xl/media/a.png") == b"picture"
        return archive.read(name)


def _formula(tokens: bytes) -> bytes:
    return bytes(2) + struct.pack("<I", len(tokens)) + tokens


@pytest.mark.parametrize(
    ("kind", "constant", "value"),
    [
        (9, 5, struct.pack("<d", 36_413.0)),
        (8, 6, _wide("1999-09-09")),
        (8, 6, _wide("長い" * 100)),
        (10, 4, b"\1"),
        (11, 3, b"\x2a"),
    ],
    ids=["number", "text", "long text", "truth", "error"],
)
def test_results_stand_in_place_of_formulas(tmp_path: Path, kind: int, constant: int, value: bytes) -> None:
    before, behind = _record(0, bytes(17)), _record(5, _CELL + bytes(8))
    part = before + _record(kind, _CELL + value + _formula(_TODAY)) + behind

    assert _rewritten(tmp_path, part) == before + _record(constant, _CELL + value) + behind


def test_formulas_of_several_cells_and_names_count_and_go(tmp_path: Path) -> None:
    number = _CELL + struct.pack("<d", 1.0)
    part = _record(9, number + _formula(b"\1" + bytes(4))) + _record(427, bytes(20) + _formula(_TODAY))

    assert _rewritten(tmp_path, part) == _record(5, number)


def test_a_workbook_without_the_moment_is_not_copied(tmp_path: Path) -> None:
    assert _rewritten(tmp_path, _record(9, bytes(16) + _formula(_OTHER))) is None
    assert _rewritten(tmp_path, _record(5, _TODAY)) is None
    assert _rewritten(tmp_path, _record(9, bytes(16) + _formula(_TODAY)), name="xl/vbaProject.bin") is None


@pytest.mark.parametrize(
    "damage",
    [
        b"\x08",
        b"\x08\xff\xff\xff\xff",
        b"\x08\x20short",
        _record(8, _CELL + b"\xff\xff\xff\x7f"),
        _record(8, b"1"),
    ],
    ids=["cut off", "size", "content", "chars", "short"],
)
def test_damaged_records_stay_as_they_are(tmp_path: Path, damage: bytes) -> None:
    name = _record(39, _formula(_TODAY))

    assert _rewritten(tmp_path, name + damage) == name + damage
