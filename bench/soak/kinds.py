"""The kinds of documents that flow: every type the worker reads, and what it must survive.

Contents are small, and no two are alike: what is alike is a copy, which the worker does not read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from random import Random

from bench.soak import pictures
from bench.soak.office_files import office_files, salt
from fuzz.mutations import mutate

_PICTURES = {
    "jpg": "JPEG",
    "png": "PNG",
    "tiff": "TIFF",
    "bmp": "BMP",
    "gif": "GIF",
    "webp": "WEBP",
    "heic": "HEIF",
    "jp2": "JPEG2000",
}
_LEGACY = ("doc", "xls", "ppt", "rtf", "odt", "ods", "odp")
_OFFICE = ("docx", "xlsx", "pptx", *_LEGACY)
_LINES = 12


class Price(IntEnum):
    """What a new content of a kind costs the worker; copies fill the number of the expensive ones."""

    CHEAP = 0
    OCR = 1
    LIBREOFFICE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind; `make` gives a content for each number. A damaged one may have any end state."""

    name: str
    suffix: str
    make: Callable[[int], bytes]
    price: Price = Price.CHEAP
    states: frozenset[str] = frozenset({"indexed"})


_REJECTED = frozenset({"no_content"})
_ANY = frozenset({"indexed", "partial", "no_content", "dead_lettered"})


def all_kinds(seed: int) -> list[Kind]:
    """Every kind that this machine can make and read."""
    office = office_files()
    return _with_hostile(
        [
            *_plain_kinds(),
            *(_office(suffix, office[suffix]) for suffix in _OFFICE if suffix in office),
        ],
        seed,
    )


def small_kinds(seed: int) -> list[Kind]:
    """Those that are cheap to make and to read, for a short soak."""
    return _with_hostile(_plain_kinds(), seed)


def _plain_kinds() -> list[Kind]:
    texts = (Kind(name=name, suffix=name, make=make) for name, make in _TEXTS.items())
    return [*texts, *_pdfs(), *_images()]


def _with_hostile(kinds: list[Kind], seed: int) -> list[Kind]:
    damaged = _damaged([kind.make(0) for kind in kinds], seed)
    return [
        *kinds,
        Kind(name="unsupported", suffix="bin", make=_noise, states=_REJECTED),
        Kind(name="damaged", suffix="", make=damaged, price=Price.OCR, states=_ANY),
    ]


def _images() -> list[Kind]:
    pictures.register_heic()
    return [
        Kind(name=name, suffix=name, make=partial(pictures.picture, pillow_format=kind), price=Price.OCR)
        for name, kind in _PICTURES.items()
    ]


def _pdfs() -> list[Kind]:
    text, encrypted = pictures.text_pdf(), pictures.encrypted_pdf()

    def again(data: bytes) -> Callable[[int], bytes]:
        return lambda number: data + f"\n% {number}\n".encode()

    return [
        Kind(name="pdf", suffix="pdf", make=again(text)),
        Kind(name="scanned pdf", suffix="pdf", make=pictures.scan, price=Price.OCR),
        Kind(name="encrypted pdf", suffix="pdf", make=again(encrypted), states=_REJECTED),
    ]


def _office(suffix: str, data: bytes) -> Kind:
    price = Price.LIBREOFFICE if suffix in _LEGACY else Price.CHEAP
    return Kind(name=suffix, suffix=suffix, make=partial(salt, data), price=price)


def _damaged(files: Sequence[bytes], seed: int) -> Callable[[int], bytes]:
    def make(number: int) -> bytes:
        chance = Random(f"{seed}:{number}")
        return mutate(chance, chance.choice(files), chance.choice(files))[0]

    return make


def _noise(number: int) -> bytes:
    return b"\x7fNOISE\0" + Random(number).randbytes(700)


def _prose(number: int) -> str:
    lines = (f"Line {line} of report {number}: machine {number % 7} ran." for line in range(_LINES))
    return "\n".join(lines) + "\n"


def _rows(number: int, separator: str) -> bytes:
    rows = [("part", "count"), *((f"cog {number}-{row}", str(row * number)) for row in range(_LINES))]
    return "".join(f"{separator.join(row)}\n" for row in rows).encode()


def _html(number: int) -> bytes:
    body = _prose(number).replace("\n", "<br>")
    return (
        f"<!DOCTYPE html><html><head><title>Report {number}</title></head><body>{body}</body></html>".encode()
    )


def _xml(number: int) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?><report id="{number}">{_prose(number)}</report>'.encode()


def _log(number: int) -> bytes:
    return "".join(f"2026-04-01T09:30:{row:02d} INFO run {number}\n" for row in range(_LINES)).encode()


_TEXTS: Mapping[str, Callable[[int], bytes]] = {
    # Japanese, as a file server in Japan has it.
    "txt": lambda number: f"議事録 第{number}回\n出席者は全員でした。\n".encode("cp932"),
    "csv": lambda number: _rows(number, ","),
    "tsv": lambda number: _rows(number, "\t"),
    "md": lambda number: f"# Report {number}\n\n{_prose(number)}".encode(),
    "log": _log,
    "json": lambda number: json.dumps({"report": number, "lines": _prose(number).split("\n")}).encode(),
    "xml": _xml,
    "html": _html,
}
