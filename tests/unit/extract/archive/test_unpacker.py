"""The program that prints an archive, within this process."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.stand_ins.archives import bsdtar_archive, needs_libarchive
from tests.stand_ins.encrypted_zip import encrypt
from worker.extract.archive.unpacker import main

pytestmark = [pytest.mark.unit, needs_libarchive]


def _records(*arguments: str, passwords: bytes = b"") -> list[tuple[bytes, bytes]]:
    output = io.BytesIO()
    main(arguments, passwords=passwords, output=output)
    output.seek(0)
    records = []
    while kind := output.read(1):
        records.append((kind, output.read(int.from_bytes(output.read(4), "big"))))
    return records


def test_files_are_listed_with_their_sizes(tmp_path: Path) -> None:
    path = str(bsdtar_archive(tmp_path, "7zip", "a.txt", "b.txt"))
    size = (13).to_bytes(8, "big")
    assert _records("list", "7z", "9", path) == [
        (b"F", size + b"a.txt"),
        (b"F", size + b"b.txt"),
        (b"Z", b""),
    ]
    assert _records("list", "7z", "1", path) == [(b"F", size + b"a.txt"), (b"T", b"")]


def test_files_are_read(tmp_path: Path) -> None:
    path = str(bsdtar_archive(tmp_path, "7zip", "a.txt"))
    assert _records("read", "7z", "9", path)[1] == (b"D", b"text of a.txt")


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = bsdtar_archive(tmp_path, "7zip", "a.txt")
    ((kind, why),) = _records("list", "iso", "9", str(path))
    assert kind == b"Z"
    assert b"Unrecognized archive format" in why
    ((kind, why),) = _records("list", "iso", "9", str(tmp_path / "missing"))
    assert kind == b"Z"
    assert why


def test_a_file_that_cannot_be_read_says_so_where_its_bytes_would_be(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(encrypt("a.txt", b"secret text", password=b"right"))
    assert _records("read", "zip", "9", str(path), passwords=b"wrong\0right\0")[1] == (b"D", b"secret text")
    (_, (kind, why), _) = _records("read", "zip", "9", str(path))
    assert kind == b"E"
    assert b"Passphrase" in why
