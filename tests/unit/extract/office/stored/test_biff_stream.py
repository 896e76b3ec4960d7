"""Streams of Excel's older formats."""

from __future__ import annotations

import struct

import pytest

from worker.extract.office.stored.biff_stream import biff_version, keep_results

pytestmark = pytest.mark.unit

_TODAY = b"\x19\x01\0\0" + b"\x41" + struct.pack("<H", 221)
_RESULT = struct.pack("<d", 45_000.0)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _formula(tokens: bytes, result: bytes = _RESULT) -> bytes:
    return _record(6, bytes(6) + result + bytes(6) + struct.pack("<H", len(tokens)) + tokens)


@pytest.mark.parametrize(
    ("head", "version"),
    [
        (_record(0x0009, struct.pack("<HH", 2, 0x10)), 2),
        (_record(0x0209, struct.pack("<HHH", 0, 0x10, 0)), 3),
        (_record(0x0409, struct.pack("<HHH", 0, 0x100, 0)), 4),
        (_record(0x0809, struct.pack("<HHHH", 0x500, 5, 0, 0)), 5),
        (_record(0x0409, struct.pack("<HHH", 0, 0x11, 0)), 0),
        (_record(0x0409, bytes(400)), 0),
        (b"\t\0\x04\0", 0),
        (b"\t\tindented text", 0),
        (b"", 0),
    ],
)
def test_a_stream_is_known_by_its_first_record(head: bytes, version: int) -> None:
    assert biff_version(head) == version


_BOOK = _record(0x0809, struct.pack("<HH", 0x0600, 5) + bytes(12))
_NAME = _record(0x18, bytes(14) + _TODAY)
_TEXT = bytes(6) + b"\xff\xff"
_OTHER = b"\x1e\x01\0"


def _kinds(stream: bytes) -> list[int]:
    at, found = 0, []
    while at < len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        found.append(kind)
        at += 4 + length
    assert at == len(stream)
    return found


def test_results_stand_in_place_of_all_formulas_where_one_is_of_the_moment() -> None:
    kept = keep_results(_BOOK + _formula(_TODAY) + _formula(_OTHER))

    assert kept == _BOOK + b"\x03\x02" + _formula(_TODAY)[2:] + b"\x03\x02" + _formula(_OTHER)[2:]


@pytest.mark.parametrize("version", [0x0209, 0x0409])
def test_files_that_are_one_sheet_are_of_excel_itself_and_have_results(version: int) -> None:
    begin = _record(version, struct.pack("<HHH", 0, 0x10, 0))
    assert _kinds(keep_results(begin + _record(0x0206, _formula(_OTHER)[4:]))) == [version, 0x0203]


@pytest.mark.parametrize(
    ("result", "kind", "value"),
    [
        (b"\1\0\1\0\0\0\xff\xff", 0x0205, b"\1\0"),
        (b"\2\0\x2a\0\0\0\xff\xff", 0x0205, b"\x2a\1"),
        (b"\3\0\0\0\0\0\xff\xff", 0x0201, b""),
    ],
    ids=["truth", "error", "empty text"],
)
def test_results_that_are_no_numbers_stay_what_they_are(result: bytes, kind: int, value: bytes) -> None:
    kept = keep_results(_BOOK + _NAME + _formula(_OTHER, result))[len(_BOOK + _NAME) :]

    assert struct.unpack_from("<H", kept) == (kind,)
    assert kept[10 : 10 + len(value)] == value


@pytest.mark.parametrize("shared", [b"", _record(0x04BC, bytes(20)), _record(0x0221, bytes(8224)) * 2])
def test_a_text_is_in_the_cell_and_the_formulas_of_several_are_gone(shared: bytes) -> None:
    text = struct.pack("<HB", 2, 1) + "昨日".encode("utf-16-le")
    kept = keep_results(_BOOK + _NAME + _formula(b"\x01" + bytes(4), _TEXT) + shared + _record(0x0207, text))
    rest = kept[len(_BOOK + _NAME) :]

    assert rest.startswith(_record(0x0204, bytes(6) + text))
    assert set(_kinds(rest)[1:]) == {0x0FFF}


def test_a_number_that_several_cells_compute_leaves_no_formula() -> None:
    stream = _BOOK + _formula(b"\x01" + bytes(4)) + _record(0x04BC, bytes(10) + _TODAY)

    assert _kinds(keep_results(stream)) == [0x0809, 0x0203, 0x0FFF]


@pytest.mark.parametrize(
    "stream",
    [
        _BOOK + _formula(_OTHER),
        _NAME + _formula(_TODAY),
        _BOOK + _NAME + _record(6, b"short"),
        _BOOK + _NAME + _formula(_TODAY, _TEXT),
        _BOOK + _NAME + _formula(_OTHER, _TEXT) + _record(0x0207, bytes(9)) + _record(0x3C, bytes(9)),
        _BOOK + _formula(_TODAY)[:-1],
        _record(0x0009, struct.pack("<HH", 2, 0x10)) + _formula(_TODAY),
        b"\x06\0",
        b"",
    ],
    ids=["no moment", "no start", "short", "no text", "long text", "cut off", "oldest", "header", "empty"],
)
def test_all_else_is_unchanged(stream: bytes) -> None:
    assert keep_results(stream) == stream
