"""Archives by libarchive, and without it."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stand_ins.archives import bsdtar_archive, needs_libarchive, zstandard
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.archive import libarchive
from worker.extract.archive.libarchive import open_unpacked, open_with_libarchive
from worker.extract.archive.zip_archive import open_zip
from worker.models.file import FileType

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())
_NAMES = ("注文書.txt", "second.txt")


@needs_libarchive
@pytest.mark.parametrize(
    ("kind", "written"), [(FileType.SEVEN_ZIP, "7zip"), (FileType.ISO, "iso9660"), (FileType.ZIP, "zip")]
)
def test_the_files_are_read_one_after_the_other(tmp_path: Path, kind: FileType, written: str) -> None:
    source = open_with_libarchive(kind, bsdtar_archive(tmp_path, written, *_NAMES), _OPTIONS)
    found = {each.name: each.open().read().decode() for each in source.contained}
    assert found == {name: f"text of {name}" for name in _NAMES}
    assert source.unread == ()
    assert {path.name for path in tmp_path.iterdir()} == {"files", "original"}


@needs_libarchive
def test_a_file_that_is_left_out_does_not_shift_the_next(tmp_path: Path) -> None:
    source = open_with_libarchive(
        FileType.SEVEN_ZIP, bsdtar_archive(tmp_path, "7zip", "a.txt", "Thumbs.db", "b.txt", "c.txt"), _OPTIONS
    )
    files = iter(source.contained)
    assert next(files).open().read() == b"text of a.txt"
    assert next(files).name == "b.txt"
    last = next(files)
    assert (last.name, last.size_bytes, last.open().read()) == ("c.txt", 13, b"text of c.txt")


@needs_libarchive
def test_an_archive_is_read_as_the_format_it_is_said_to_have(tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        open_with_libarchive(FileType.ISO, bsdtar_archive(tmp_path, "7zip", "a.txt"), _OPTIONS)
    assert caught.value.code is Code.CORRUPT


@needs_libarchive
def test_a_zip_without_its_directory_gives_what_can_be_found(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a.txt", "first text")
        archive.writestr("b.txt", "second text")
    whole = data.getvalue()
    path = tmp_path / "original"
    path.write_bytes(whole[: whole.index(b"PK\x01\x02")])
    source = open_zip(path, _OPTIONS)
    assert source.unread == (Code.CORRUPT,)
    assert [each.open().read() for each in source.contained] == [b"first text", b"second text"]


@needs_libarchive
def test_what_is_no_archive_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + b"\xff" * 100)
    with pytest.raises(RejectedError) as caught:
        open_with_libarchive(FileType.SEVEN_ZIP, path, _OPTIONS)
    assert caught.value.code is Code.CORRUPT


@needs_libarchive
def test_more_bytes_than_a_document_may_have_are_a_bomb(tmp_path: Path) -> None:
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_unpacked_bytes=15))
    path = bsdtar_archive(tmp_path, "7zip", "a.txt", "b.txt", "c.txt")
    files = iter(open_with_libarchive(FileType.SEVEN_ZIP, path, options).contained)
    assert [next(files).open().read(), next(files).open().read()] == [b"text of a.txt", b"text of b.txt"]
    with pytest.raises(RejectedError) as caught:
        next(files).open().read()
    assert caught.value.code is Code.BOMB


@needs_libarchive
def test_archives_of_more_files_than_are_listed_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libarchive, "MAX_HEADERS", 2)
    path = bsdtar_archive(tmp_path, "7zip", "a.txt", "b.txt", "c.txt")
    source = open_with_libarchive(FileType.SEVEN_ZIP, path, _OPTIONS)
    assert source.unread == (Code.TOO_MANY_MEMBERS,)
    assert [each.open().read() for each in source.contained] == [b"text of a.txt", b"text of b.txt"]


@needs_libarchive
def test_a_file_that_is_compressed_as_a_whole_is_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(zstandard(b"x" * 200_000))
    with open_unpacked(FileType.ZSTANDARD, path, _OPTIONS) as file:
        assert file.read(3) == b"xxx"
        assert len(file.read()) == 199_997
    path.write_bytes(zstandard(b""))
    with open_unpacked(FileType.ZSTANDARD, path, _OPTIONS) as file:
        assert file.read() == b""


def test_without_the_library_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "unpacker.py"
    text = libarchive._PROGRAM.read_text(encoding="utf-8")
    program.write_text(text.replace("libarchive.so", "libmissing.so"), encoding="utf-8")
    monkeypatch.setattr(libarchive, "_PROGRAM", program)
    path = tmp_path / "original"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(RejectedError) as caught:
        open_with_libarchive(FileType.SEVEN_ZIP, path, _OPTIONS)
    assert caught.value.code is Code.NEEDS_LIBARCHIVE
    with pytest.raises(RejectedError, match="a damaged archive") as caught:
        open_with_libarchive(FileType.ZIP, path, _OPTIONS, damage="a damaged archive")
    assert caught.value.code is Code.CORRUPT


def test_a_program_that_dies_is_damage_of_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "unpacker.py"
    program.write_text("import os; os.write(1, b'F\\0\\0\\0'); os.abort()", encoding="utf-8")
    monkeypatch.setattr(libarchive, "_PROGRAM", program)
    with pytest.raises(RejectedError, match="ended early") as caught:
        open_with_libarchive(FileType.SEVEN_ZIP, program, _OPTIONS)
    assert caught.value.code is Code.CORRUPT


@needs_libarchive
def test_names_are_read_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    path = bsdtar_archive(tmp_path, "7zip", *_NAMES)
    source = open_with_libarchive(FileType.SEVEN_ZIP, path, _OPTIONS)
    assert [each.name for each in source.contained] == list(_NAMES)


def test_the_program_needs_no_package() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(libarchive._PROGRAM), "list", "7z", "1", "missing"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert done.stdout[:1] in (b"Z", b"M")
    assert done.stderr == b""


@needs_libarchive
def test_a_method_that_nobody_knows_is_no_damage(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "text" * 10)
    packed = bytearray(data.getvalue())
    for start, at in ((0, 8), (packed.index(b"PK\x01\x02"), 10)):
        packed[start + at : start + at + 2] = b"\x06\0"  # imploded
    path = tmp_path / "original"
    path.write_bytes(packed)
    files = iter(open_zip(path, _OPTIONS).contained)
    file = next(files).open()
    with pytest.raises(RejectedError, match="method") as caught:
        file.read()
    assert caught.value.code is Code.UNSUPPORTED_TYPE
