"""The tables of a Word file."""

from __future__ import annotations

import struct

import pytest

from worker.extract.office.stored.word_stream import change_old, change_table, table_name

pytestmark = pytest.mark.unit

_PROPERTIES, _BODY, _HEADERS = 31, 16, 17


def _head(version: int = 193, flags: int = 0, **places: tuple[int, int]) -> bytes:
    """The head of a document with the places of its tables, by `at_` and the number of the table."""
    head = bytearray(154 + 8 * 93)
    struct.pack_into("<HH", head, 0, 0xA5EC, version)
    struct.pack_into("<H", head, 10, flags)
    for name, place in places.items():
        struct.pack_into("<II", head, 154 + 8 * int(name.removeprefix("at_")), *place)
    return bytes(head)


def _fields(*kinds: int) -> bytes:
    """A list of fields, each with its begin and its end."""
    marks = b"".join(b"\x13" + bytes([kind]) + b"\x15\x80" for kind in kinds)
    return bytes(4 * (2 * len(kinds) + 1)) + marks


@pytest.mark.parametrize(
    ("head", "name"),
    [(_head(flags=0x0200), "1Table"), (_head(), "0Table"), (_head(version=104), ""), (b"short", "")],
)
def test_the_tables_are_in_the_stream_that_the_head_names(head: bytes, name: str) -> None:
    assert table_name(head) == name


def test_changes_are_not_shown() -> None:
    table = bytes(4) + b"\xff" * 20
    changed = change_table(_head(at_31=(4, 20)), table)

    assert changed == table[:11] + b"\xe7" + table[12:]


def test_fields_of_the_moment_become_their_results_wherever_they_are() -> None:
    body, headers = _fields(31, 33, 32), _fields(29)
    head = _head(at_16=(0, len(body)), at_17=(len(body), len(headers)))

    assert change_table(head, body + headers) == _fields(35, 33, 35) + _fields(35)


def test_an_end_of_a_field_is_no_field() -> None:
    end = bytes(8) + b"\x15\x1f"

    assert change_table(_head(at_16=(0, len(end))), end) == end


@pytest.mark.parametrize("place", [(0, 4_000_000_000), (4_000_000_000, 22), (0, 3), (30, 4)])
def test_places_beyond_the_stream_change_nothing(place: tuple[int, int]) -> None:
    table = b"\xff" * 30

    assert change_table(_head(at_16=place, at_31=place), table) == table
    assert change_table(_head()[:200], table) == table


def _old(version: int, **places: tuple[int, int]) -> bytes:
    """A document of Word 6 or 95, with its tables from place 1000 on."""
    stream = bytearray(_head(version).ljust(1000, b"\0"))
    for name, place in places.items():
        struct.pack_into("<II", stream, 0x58 + 8 * int(name.removeprefix("at_")), *place)
    return bytes(stream) + b"\xff" * 20 + _fields(31, 33)


@pytest.mark.parametrize("version", [101, 104])
def test_tables_of_older_files_are_in_the_stream_of_the_text(version: int) -> None:
    stream = _old(version, at_31=(1000, 20), at_16=(1020, len(_fields(31, 33))))
    changed = change_old(stream)

    assert changed == stream[:1007] + b"\xe7" + stream[1008:1020] + _fields(35, 33)


@pytest.mark.parametrize(
    "stream", [_old(193, at_31=(1000, 20)), _old(100, at_31=(1000, 20)), b"short", _old(104)]
)
def test_other_files_have_no_tables_there(stream: bytes) -> None:
    assert change_old(stream) == stream
