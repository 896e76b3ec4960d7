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


def test_results_of_formulas_of_the_moment_become_numbers() -> None:
    start = _record(0x0809, bytes(16))
    kept = keep_results(start + _formula(_TODAY) + _formula(b"\x1e\x01\0"))

    assert kept == start + b"\x03\x02" + _formula(_TODAY)[2:] + _formula(b"\x1e\x01\0")


@pytest.mark.parametrize(
    "stream",
    [
        _formula(_TODAY, b"\0" * 6 + b"\xff\xff"),
        _record(6, b"short"),
        _formula(_TODAY)[:-1].replace(struct.pack("<H", 221), b""),
        b"\x06\0",
        b"",
    ],
    ids=["text", "short", "cut off", "header", "empty"],
)
def test_all_else_is_unchanged(stream: bytes) -> None:
    assert keep_results(stream) == stream
