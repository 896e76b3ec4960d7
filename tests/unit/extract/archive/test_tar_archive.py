"""Tar archives and single compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.archive.tar_archive import open_bzip2, open_gzip, open_tar, open_xz
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions

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
        _open(open_file, compress(b"plain")[:12] + b"damage", tmp_path)
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
