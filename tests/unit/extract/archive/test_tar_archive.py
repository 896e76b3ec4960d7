"""Tar archives and single compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from tests.stand_ins.archives import needs_libarchive, zstandard
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.archive import tar_archive
from worker.extract.archive.tar_archive import open_bzip2, open_gzip, open_tar, open_xz, open_zstandard
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())
_FORMATS = [(open_gzip, gzip.compress), (open_bzip2, bz2.compress), (open_xz, lzma.compress)]

Open = Callable[[Path, ReadOptions], PageSource]


def _tar(*names: str, encoding: str = "utf-8", text: bytes = b"text") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return data.getvalue()


def _open(open_file: Open, data: bytes, folder: Path, options: ReadOptions = _OPTIONS) -> PageSource:
    path = folder / "original"
    path.write_bytes(data)
    return open_file(path, options)


def _files(source: PageSource) -> list[tuple[str, bytes]]:
    return [(each.name, each.open().read()) for each in source.contained]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_the_files_are_read_in_their_order_and_links_are_none(tmp_path: Path, encoding: str) -> None:
    data = _tar("注文書_営業部.txt", "b/二.txt", encoding=encoding)
    assert _files(_open(open_tar, data, tmp_path)) == [("注文書_営業部.txt", b"text"), ("b/二.txt", b"text")]


@pytest.mark.parametrize(("open_file", "compress"), _FORMATS)
def test_a_compressed_tar_is_its_files_and_another_file_is_itself(
    tmp_path: Path, open_file: Open, compress: Callable[[bytes], bytes]
) -> None:
    assert _files(_open(open_file, compress(_tar("a.txt")), tmp_path)) == [("a.txt", b"text")]
    assert _files(_open(open_file, compress(b"plain"), tmp_path)) == [("", b"plain")]
    with pytest.raises(RejectedError) as caught:
        _files(_open(open_file, compress(b"plain")[:12] + b"damage", tmp_path))
    assert caught.value.code is Code.CORRUPT


@needs_libarchive
def test_zstandard_is_a_tar_or_one_file(tmp_path: Path) -> None:
    assert _files(_open(open_zstandard, zstandard(_tar("a.txt", "b.txt")), tmp_path)) == [
        ("a.txt", b"text"),
        ("b.txt", b"text"),
    ]
    assert _files(_open(open_zstandard, zstandard(b"plain"), tmp_path)) == [("", b"plain")]
    with pytest.raises(RejectedError) as caught:
        _open(open_zstandard, zstandard(b"plain")[:-1], tmp_path)
    assert caught.value.code is Code.CORRUPT


def test_gzip_may_have_kept_the_name(tmp_path: Path) -> None:
    data = io.BytesIO()
    with gzip.GzipFile(filename="notes.csv", fileobj=data, mode="wb") as file:
        file.write(b"a,b")
    assert _files(_open(open_gzip, data.getvalue(), tmp_path)) == [("notes.csv", b"a,b")]


def test_a_truncated_archive_gives_what_it_has(tmp_path: Path) -> None:
    data = _tar("a.txt", "b.txt", text=b"x" * 20_000)
    source = _open(open_tar, data[:30_000], tmp_path)
    assert source.unread == (Code.CORRUPT,)
    first = next(iter(source.contained))
    assert first.open().read() == b"x" * 20_000


def test_a_stream_without_end_is_a_bomb(tmp_path: Path) -> None:
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_unpacked_bytes=10_000))
    data = gzip.compress(_tar("a.txt", "b.txt", text=bytes(50_000)))
    source = _open(open_gzip, data, tmp_path, options)
    assert source.unread == (Code.BOMB,)


@pytest.mark.timeout(20)
def test_a_file_whose_size_is_a_lie_costs_no_time(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 1 << 45
        archive.addfile(info)
    source = _open(open_tar, data.getvalue(), tmp_path)
    assert source.unread == (Code.CORRUPT,)
    (contained,) = source.contained
    assert contained.size_bytes == 1 << 45


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_name_without_end_is_a_bomb(tmp_path: Path, form: int) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as archive:
        archive.addfile(tarfile.TarInfo("first.txt"))
        archive.addfile(tarfile.TarInfo("x" * (2 << 20)))
        archive.addfile(tarfile.TarInfo("last.txt"))
    source = _open(open_gzip, gzip.compress(data.getvalue()), tmp_path)
    assert source.unread == (Code.BOMB,)
    assert [name for name, _ in _files(source)] == ["first.txt"]


def test_headers_are_counted_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    clean_next = tarfile.TarFile.next

    def count_kept(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        kept.append(len(vars(tar)["members"]))
        return clean_next(tar)

    monkeypatch.setattr(tarfile.TarFile, "next", count_kept)
    monkeypatch.setattr(tar_archive, "MAX_HEADERS", 5)
    source = _open(open_tar, _tar(*(f"{number}.txt" for number in range(9))), tmp_path)
    assert source.unread == (Code.TOO_MANY_MEMBERS,)
    assert len(list(source.contained)) == 5
    assert max(kept) <= 1


def test_what_was_unpacked_to_list_the_names_is_said(tmp_path: Path) -> None:
    data = _tar("a.txt", text=bytes(100_000))
    assert _open(open_gzip, gzip.compress(data), tmp_path).unpacked_bytes >= 100_000
    assert _open(open_gzip, gzip.compress(b"plain"), tmp_path).unpacked_bytes == 0


def test_a_compressed_file_is_read_up_to_its_damage(tmp_path: Path) -> None:
    lines = b"".join(b"line %d\n" % number for number in range(20_000))
    (file,) = _open(open_gzip, gzip.compress(lines)[:30_000], tmp_path).contained
    begun: list[bytes] = []
    with pytest.raises(RejectedError) as caught:
        begun.extend(iter(partial(cast("Any", file.open()).read1, 10_000), b""))
    assert caught.value.code is Code.CORRUPT
    assert lines.startswith(b"".join(begun))
    assert sum(map(len, begun)) > 50_000


def test_old_archives_have_no_mark_and_are_found_by_the_sum_of_a_header(tmp_path: Path) -> None:
    data = bytearray(_tar("a.txt"))
    data[257:512] = bytes(255)
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    source = _open(open_gzip, gzip.compress(bytes(data)), tmp_path)
    assert _files(source) == [("a.txt", b"text")]


def test_names_of_links_stand_on_the_page(tmp_path: Path) -> None:
    (page,) = _open(open_tar, _tar("a.txt"), tmp_path).pages
    assert isinstance(page, Page)
    assert page.text == "a.txt\nlink"


def test_an_archive_without_files_is_empty(tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        _open(open_tar, bytes(10_240), tmp_path)
    assert caught.value.code is Code.EMPTY
