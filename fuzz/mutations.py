"""Ways to damage a file. Each takes its chance, the bytes, and another file's, and returns new bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes, bytes], bytes]

_NUMBER = re.compile(rb"\d+")
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_NUMBERS = (b"0", b"-1", b"65536", b"2147483648", b"4294967295", b"99999999999999999999", b"1e308")
_XML_PIECES = (
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    b"<!ENTITY c '" + b"x" * 1_000 + b"'>",
    b"<w:p>" * 5_000,
    b"</w:p>" * 50,
    b"<w:tbl><w:tr><w:tc>" * 500,
    b"&lol;",
    b"\x00\xff\xfe",
    b"<![CDATA[",
    b" a='" + b"\xe3\x81\x82" * 10_000 + b"'",
)
_MOST_CHANGES = 24


def flip_bits(chance: Random, data: bytes, _: bytes) -> bytes:
    """Some bits anywhere."""
    changed = bytearray(data)
    for _change in range(chance.randint(1, _MOST_CHANGES)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut_off(chance: Random, data: bytes, _: bytes) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(len(data))]


def take_out(chance: Random, data: bytes, _: bytes) -> bytes:
    """A piece is missing."""
    begin, end = _piece(chance, data)
    return data[:begin] + data[end:]


def repeat(chance: Random, data: bytes, _: bytes) -> bytes:
    """A piece is there several times."""
    begin, end = _piece(chance, data)
    return data[:end] + data[begin:end] * chance.randint(1, 8) + data[end:]


def splice(chance: Random, data: bytes, other: bytes) -> bytes:
    """One file's beginning, and another's end."""
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def put_in(chance: Random, data: bytes, other: bytes) -> bytes:
    """A piece of another file in the middle of this one."""
    begin, end = _piece(chance, other)
    where = chance.randrange(len(data))
    return data[:where] + other[begin:end] + data[where:]


def lie_about_lengths(chance: Random, data: bytes, _: bytes) -> bytes:
    """Binary numbers become extreme ones, mostly near the beginning, where headers are."""
    changed = bytearray(data)
    for _change in range(chance.randint(1, 4)):
        size, order = chance.choice((1, 2, 4)), chance.choice(("little", "big"))
        value = chance.choice(_EXTREMES) & (256**size - 1)
        reach = len(changed) if chance.random() < 0.5 else min(len(changed), 256)
        where = chance.randrange(reach)
        changed[where : where + size] = value.to_bytes(size, "big" if order == "big" else "little")
    return bytes(changed)


def lie_in_figures(chance: Random, data: bytes, _: bytes) -> bytes:
    """Decimal numbers become extreme ones: counts, sizes and offsets of PDF and XML."""
    numbers = list(_NUMBER.finditer(data))
    if not numbers:
        return flip_bits(chance, data, b"")
    for match in sorted(chance.sample(numbers, min(len(numbers), 3)), key=lambda m: -m.start()):
        data = data[: match.start()] + chance.choice(_NUMBERS) + data[match.end() :]
    return data


def tamper_with_members(chance: Random, data: bytes, other: bytes) -> bytes:
    """A zip archive whose members are damaged and packed again; of another file, its lengths are."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001  (zipfile raises anything on an archive that is damaged already)
        return lie_about_lengths(chance, data, other)
    for name in chance.sample(sorted(members), min(len(members), chance.randint(1, 3))):
        members[name] = _tamper(chance, members[name] or b"<a/>", other)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    cut_off,
    take_out,
    repeat,
    splice,
    put_in,
    lie_about_lengths,
    lie_in_figures,
    tamper_with_members,
)


def mutate(chance: Random, data: bytes, other: bytes) -> tuple[bytes, str]:
    """One to three mutations after each other, and their names; never empty."""
    names = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        archive = data.startswith(b"PK") and chance.random() < 0.6
        mutation = tamper_with_members if archive else chance.choice(MUTATIONS)
        data = mutation(chance, data, other) or b"\0"
        names.append(mutation.__name__)
    return data, "+".join(names)


def _tamper(chance: Random, content: bytes, other: bytes) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        where = chance.randrange(len(content))
        return content[:where] + chance.choice(_XML_PIECES) + content[where:]
    if kind == 1:
        return lie_in_figures(chance, content, other)
    mutation = chance.choice((flip_bits, cut_off, take_out, repeat, splice, put_in))
    return mutation(chance, content, other)


def _piece(chance: Random, data: bytes) -> tuple[int, int]:
    begin = chance.randrange(len(data))
    return begin, min(len(data), begin + chance.choice((1, 4, 16, 256, 4_096, 65_536)))
