"""ZIP archives: names, passwords and damage."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stand_ins.archives import bsdtar_archive, needs_libarchive
from tests.stand_ins.encrypted_zip import encrypt
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.archive import zip_archive
from worker.extract.archive.zip_archive import open_zip
from worker.extract.page_source import PageSource
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())


def _open(data: bytes, folder: Path, *passwords: str) -> PageSource:
    path = folder / "original"
    path.write_bytes(data)
    return open_zip(path, replace(_OPTIONS, pdf_passwords=passwords))


def _zip(*names: str, spell: Callable[[bytes], bytes] = lambda data: data) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(name, f"text {number}")
    return spell(data.getvalue())


def _names(source: PageSource) -> list[str]:
    return [each.name for each in source.contained]


def test_folders_and_files_of_systems_are_no_files(tmp_path: Path) -> None:
    assert _names(_open(_zip("a.txt", "b/", "__MACOSX/._a.txt", "b/c.txt"), tmp_path)) == ["a.txt", "b/c.txt"]


@pytest.mark.parametrize("charset", ["cp932", "utf-8", "euc_jp"])
def test_names_without_a_mark_of_their_encoding_are_read(tmp_path: Path, charset: str) -> None:
    names = ["注文書_営業部.txt", "請求書の控え.txt"]
    # The archive is made with placeholders of the same length, whose flag says nothing of an encoding.
    raw = [name.encode(charset) for name in names]
    plain = ["x" * (len(name) - 1) + str(number) for number, name in enumerate(raw)]

    def spell(data: bytes) -> bytes:
        for placeholder, name in zip(plain, raw, strict=True):
            data = data.replace(placeholder.encode(), name)
        return data

    assert _names(_open(_zip(*plain, spell=spell), tmp_path)) == names


def test_a_name_in_an_extra_field_is_the_name(tmp_path: Path) -> None:
    data = io.BytesIO()
    info = zipfile.ZipInfo("______.txt")
    name = "注文書.txt".encode()
    info.extra = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, 0) + name
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(info, "text")
    assert _names(_open(data.getvalue(), tmp_path)) == ["注文書.txt"]


def test_a_password_of_the_list_opens_a_file_and_another_does_not(tmp_path: Path) -> None:
    data = encrypt("a.txt", b"secret text", password=b"right")
    (contained,) = _open(data, tmp_path, "wrong", "right").contained
    assert contained.open().read() == b"secret text"
    (contained,) = _open(data, tmp_path, "wrong").contained
    with pytest.raises(RejectedError) as caught:
        contained.open()
    assert caught.value.code is Code.ENCRYPTED


def test_a_damaged_file_is_said_and_its_neighbour_is_read(tmp_path: Path) -> None:
    data = bytearray(_zip("a.txt", "b.txt"))
    data[data.index(b"text 0")] ^= 1
    first, second = _open(bytes(data), tmp_path).contained
    with pytest.raises(RejectedError) as caught:
        first.open().read()
    assert caught.value.code is Code.CORRUPT
    assert second.open().read() == b"text 1"


def _forge(data: bytes, checksum: int) -> bytes:
    """The data with four more bytes, by which its CRC-32 becomes `checksum`: a linear map of 32 bits."""
    bare = zlib.crc32(bytes(4), zlib.crc32(data))
    rows: dict[int, tuple[int, int]] = {}
    for bit in range(32):
        image, word = zlib.crc32((1 << bit).to_bytes(4, "little"), zlib.crc32(data)) ^ bare, 1 << bit
        while image and image.bit_length() in rows:
            other = rows[image.bit_length()]
            image, word = image ^ other[0], word ^ other[1]
        rows[image.bit_length()] = image, word
    wanted, chosen = checksum ^ bare, 0
    while wanted:
        image, word = rows[wanted.bit_length()]
        wanted, chosen = wanted ^ image, chosen ^ word
    return data + chosen.to_bytes(4, "little")


def test_an_archive_that_contains_itself_is_not_unpacked(tmp_path: Path) -> None:
    data = bytearray(_zip("a.txt", "b.txt"))
    data[-2:] = (4).to_bytes(2, "little")  # the length of the comment, which the forged bytes are
    entry = data.rindex(b"PK\x01\x02")
    size, checksum = len(data) + 4, 0x12345678
    data[entry + 16 : entry + 28] = struct.pack("<III", checksum, 6, size)
    forged = _forge(bytes(data), checksum)
    with pytest.raises(RejectedError, match="contains itself") as caught:
        _open(forged, tmp_path)
    assert caught.value.code is Code.UNSUPPORTED_TYPE
    assert len(list(_open(_forge(bytes(data), checksum ^ 1), tmp_path).contained)) == 2


def test_a_damaged_file_of_every_method_is_said(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", bytes(1_000) + b"text" * 99)
    data = bytearray(packed.getvalue())
    at = data.index(b"a.txt") + len("a.txt")
    data[at + 9 : at + 30] = b"\xff" * 21
    (contained,) = _open(bytes(data), tmp_path).contained
    with pytest.raises(RejectedError) as caught:
        contained.open().read()
    assert caught.value.code is Code.CORRUPT


def test_files_beyond_the_names_that_are_shown_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_archive, "MAX_NAMES", 2)
    source = _open(_zip("a.txt", "b.txt", "c.txt", "d.txt"), tmp_path)
    (page,) = source.pages
    assert isinstance(page, Page)
    assert page.text == "a.txt\nb.txt"
    assert len(list(source.contained)) == 4


@needs_libarchive
def test_a_password_of_the_list_opens_a_file_encrypted_by_aes(tmp_path: Path) -> None:
    options = ("--options", "zip:encryption=aes256", "--passphrase", "right")
    data = bsdtar_archive(tmp_path, "zip", "a.txt", options=options).read_bytes()
    assert b"text of" not in data
    files = iter(_open(data, tmp_path, "wrong", "right").contained)
    contained = next(files)
    assert (contained.name, contained.open().read()) == ("a.txt", b"text of a.txt")
    for passwords in ((), ("wrong",)):
        files = iter(_open(data, tmp_path, *passwords).contained)
        contained = next(files)
        with pytest.raises(RejectedError) as caught:
            contained.open().read()
        assert caught.value.code is Code.ENCRYPTED


def test_of_an_archive_with_nothing_but_folders_their_names_are_read(tmp_path: Path) -> None:
    (page,) = _open(_zip("one/", "two/three/"), tmp_path).pages
    assert isinstance(page, Page)
    assert page.text == "one/\ntwo/three/"


def test_an_archive_without_files_is_empty(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="without files") as caught:
        _open(_zip(), tmp_path)
    assert caught.value.code is Code.EMPTY


def test_the_comment_of_an_archive_stands_below_the_names(tmp_path: Path) -> None:
    data = io.BytesIO(_zip("a.txt"))
    with zipfile.ZipFile(data, "a") as archive:
        archive.comment = "保管期限は五年".encode("cp932")
    (page,) = _open(data.getvalue(), tmp_path).pages
    assert isinstance(page, Page)
    assert page.text == "a.txt\n保管期限は五年"
