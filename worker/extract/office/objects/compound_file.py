"""Streams put together as an OLE container ([MS-CFB], version 3), where they were a folder in another."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from worker.extract.office.ole import OLE_START

_SECTOR, _NUMBERS, _ENTRY = 512, 128, 128
_FREE, _END, _FAT, _DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_IN_HEADER = 109
_MIN_STREAM = 4096  # shorter ones would have to be in a stream of their own kind
_ROOT, _STREAM, _FOLDER, _BLACK = 5, 2, 1, 1

Place = tuple[str, ...]
"""A stream or a folder by its name, behind those of the folders around it."""
_Link = tuple[int, int]
"""The entries to its right, and below it."""


def compound_file(streams: Mapping[Place, bytes]) -> bytes:
    """The container of some streams, each with the folders it is in; a short one is filled up with zeros."""
    order, links = _directory(streams)
    parts = {
        each: _whole_sectors(streams[each].ljust(_MIN_STREAM, b"\0")) for each in order if each in streams
    }
    folder_count = -(-len(order) * _ENTRY // _SECTOR)
    fat_count, difat_count = _table_counts(folder_count + sum(map(len, parts.values())) // _SECTOR)
    first = difat_count + fat_count + folder_count
    chains = [*[_DIFAT] * difat_count, *[_FAT] * fat_count, *_chain(difat_count + fat_count, folder_count)]
    entries = []
    for place, link in zip(order, links, strict=True):
        if place in parts:
            count, size = len(parts[place]) // _SECTOR, max(len(streams[place]), _MIN_STREAM)
            entries.append(_entry(place[-1], kind=_STREAM, link=link, start=first, size=size))
            chains += _chain(first, count)
            first += count
        else:
            name, kind = (place[-1], _FOLDER) if place else ("Root Entry", _ROOT)
            entries.append(_entry(name, kind=kind, link=link))
    folder = b"".join(entries).ljust(folder_count * _SECTOR, b"\0")
    tables = [difat_count + number for number in range(fat_count)]
    head = _header(tables, difat_count=difat_count, folder=difat_count + fat_count)
    chains += [_FREE] * (fat_count * _NUMBERS - len(chains))
    return b"".join((head, _difat(tables), _numbers(chains), folder, *parts.values()))


def _directory(streams: Iterable[Place]) -> tuple[list[Place], list[_Link]]:
    """The root, then all folders and streams, and the links from each.

    The names in a folder are a tree that is sorted by length and capitals; a chain to the right is one.
    """
    names: dict[Place, set[str]] = {}
    for place in streams:
        for depth, name in enumerate(place):
            names.setdefault(place[:depth], set()).add(name)
    order: list[Place] = [()]
    rights, children = [_FREE], []
    for place in order:
        inner = sorted(names.get(place, ()), key=lambda name: (len(name), name.upper()))
        children.append(len(order) if inner else _FREE)
        rights += [*range(len(order) + 1, len(order) + len(inner)), _FREE] if inner else []
        order += [(*place, name) for name in inner]
    return order, list(zip(rights, children, strict=True))


def _table_counts(sectors: int) -> tuple[int, int]:
    """How many sectors the table of all sectors takes, its own included, and how many the list of those."""
    fat = difat = 0
    while True:
        needed = -(-(sectors + fat + difat) // _NUMBERS)
        lists = -(-max(0, needed - _IN_HEADER) // (_NUMBERS - 1))
        if (needed, lists) == (fat, difat):
            return fat, difat
        fat, difat = needed, lists


def _header(tables: list[int], *, difat_count: int, folder: int) -> bytes:
    numbers = tables[:_IN_HEADER]
    return b"".join(
        (
            OLE_START + bytes(16),
            struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, len(tables)),
            struct.pack("<I4xIIIII", folder, _MIN_STREAM, _END, 0, 0 if difat_count else _END, difat_count),
            _numbers([*numbers, *[_FREE] * (_IN_HEADER - len(numbers))]),
        )
    )


def _difat(tables: list[int]) -> bytes:
    """The rest of the list of the table's sectors, in sectors that end with the number of the next."""
    rest, lists = tables[_IN_HEADER:], []
    for number, at in enumerate(range(0, len(rest), _NUMBERS - 1), start=1):
        part = rest[at : at + _NUMBERS - 1]
        is_last = at + _NUMBERS - 1 >= len(rest)
        lists.append(_numbers([*part, *[_FREE] * (_NUMBERS - 1 - len(part)), _END if is_last else number]))
    return b"".join(lists)


def _entry(name: str, *, kind: int, link: _Link, start: int = _END, size: int = 0) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, _BLACK)
    return head + struct.pack("<III", _FREE, *link) + bytes(36) + struct.pack("<IQ", start, size)


def _chain(first: int, count: int) -> list[int]:
    return [*range(first + 1, first + count), _END] if count else []


def _numbers(values: list[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _whole_sectors(data: bytes) -> bytes:
    size = max(len(data), _MIN_STREAM)
    return data.ljust(size + -size % _SECTOR, b"\0")
