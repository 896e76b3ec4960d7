"""No archive brings a file of the machine into the document, whatever libarchive could take it for.

A description of files (mtree) names where their contents are. Each file here is one, and has the signature of
an archive as well.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stand_ins.archives import needs_libarchive, zstandard
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import RejectedError
from worker.extract.extractors import EXTRACTORS
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = [pytest.mark.unit, needs_libarchive]

_OPTIONS = read_options(Settings())
_SECRET = "the secret of the machine"


def _description(path: Path) -> bytes:
    return f"#mtree\na.txt type=file size={len(_SECRET)} contents={path}\n".encode()


def _iso(description: bytes) -> bytes:
    return description.ljust(32_768, b"\n") + b"\x01CD001" + bytes(100)


def _compressed_iso(description: bytes) -> bytes:
    return _iso(lzma.compress(description, format=lzma.FORMAT_ALONE))


def _lzh(description: bytes) -> bytes:
    """A header that is whole, but for what it says of a file: its name has the description."""
    line = b" type=file " + description.partition(b"type=file ")[2]
    header = b"-lh5-" + b"x" * 13 + b"\x01" + line.rstrip() + b"\n"
    return bytes([len(header) & 0xFF, sum(header[: len(header) & 0xFF]) & 0xFF]) + header


def _text(description: bytes) -> bytes:
    return b"aN-lh5-" + description.partition(b"a.txt")[2]


def _zip(description: bytes) -> bytes:
    return b"PK\x03\x04" + description


def _seven_zip(description: bytes) -> bytes:
    return b"7z\xbc\xaf\x27\x1c\n" + description


def _rar(description: bytes) -> bytes:
    return b"Rar!\x1a\x07\n" + description


def _cab(description: bytes) -> bytes:
    return b"MSCF\0\0\0\0\n" + description


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (zstandard, FileType.ZSTANDARD),
        (lambda data: zstandard(zstandard(data)), FileType.ZSTANDARD),
        (_iso, FileType.ISO),
        (_compressed_iso, FileType.ISO),
        (_lzh, FileType.LZH),
        (_text, FileType.TEXT),
        (_zip, FileType.ZIP),
        (_seven_zip, FileType.SEVEN_ZIP),
        (_rar, FileType.RAR),
        (_cab, FileType.CAB),
    ],
)
def test_a_description_of_files_is_never_followed(
    tmp_path: Path, make: Callable[[bytes], bytes], expected: FileType
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(_SECRET)
    path = tmp_path / "original.zip"
    path.write_bytes(make(_description(secret)))

    file_type = detect_file_type(path)
    assert file_type is expected
    assert _SECRET not in _all_text(file_type, path)


def _all_text(file_type: FileType, path: Path) -> str:
    """The text of the pages, and of the files as they are."""
    try:
        source = EXTRACTORS[file_type](path, _OPTIONS)
        pages = [page.text for page in source.pages if isinstance(page, Page)]
        files = [each.open().read().decode("utf-8", "replace") for each in source.contained]
    except RejectedError as error:
        return str(error)
    return "\n".join((*pages, *files))
