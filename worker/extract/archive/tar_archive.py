"""Tar archives, and single files compressed with gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from worker.errors import Code, RejectedError
from worker.extract.archive.archive_source import MAX_NAMES, ReadableStream, archive_source, is_of_a_system
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode

_UNREADABLE = (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
_BLOCK_BYTES = 512
_MAGIC_AT, _MAGIC = 257, b"ustar"
_GZIP_NAME_FLAG = 0x8

Open = Callable[[], IO[bytes]]


def open_tar(path: Path, options: ReadOptions) -> PageSource:
    """One page with the names, then the files."""
    return _open_tar(lambda: path.open("rb"), path.name, options)


def open_gzip(path: Path, options: ReadOptions) -> PageSource:
    """A compressed tar archive, or one file."""
    return _open_compressed(lambda: cast("IO[bytes]", gzip.open(path)), _gzip_name(path), path.name, options)


def open_bzip2(path: Path, options: ReadOptions) -> PageSource:
    """A compressed tar archive, or one file."""
    return _open_compressed(lambda: bz2.open(path), "", path.name, options)


def open_xz(path: Path, options: ReadOptions) -> PageSource:
    """A compressed tar archive, or one file."""
    return _open_compressed(lambda: lzma.open(path), "", path.name, options)


def _open_compressed(unpack: Open, name: str, shown: str, options: ReadOptions) -> PageSource:
    try:
        with unpack() as file:
            head = file.read(_BLOCK_BYTES)
    except _UNREADABLE as error:
        raise RejectedError(f"{shown}: a compressed file that cannot be read ({error})") from error
    if head[_MAGIC_AT:].startswith(_MAGIC):
        return _open_tar(unpack, shown, options)

    def open_file() -> IO[bytes]:
        return io.BufferedReader(ReadableStream(unpack(), name or shown, errors=_UNREADABLE))

    return archive_source((name,), (ContainedFile(name=name, open=open_file),), options)


def _open_tar(unpack: Open, shown: str, options: ReadOptions) -> PageSource:
    names: list[str] = []
    unread: tuple[Code, ...] = ()
    try:
        for info in _files(_limit(unpack(), shown, options)):
            if len(names) < MAX_NAMES:
                names.append(_name(info))
    except (RejectedError, *_UNREADABLE) as error:
        unread = (error.code if isinstance(error, RejectedError) else Code.CORRUPT,)
        if not names:
            text = f"{shown}: an archive that cannot be read ({error})"
            raise RejectedError(text, code=unread[0]) from error
    return archive_source(names, _all_files(unpack, shown, options), options, unread=unread)


def _all_files(unpack: Open, shown: str, options: ReadOptions) -> Iterator[ContainedFile]:
    try:
        with tarfile.open(fileobj=_limit(unpack(), shown, options), mode="r|", errors=_ERRORS) as tar:
            for info in tar:
                if info.isreg() and not is_of_a_system(info.name):
                    yield _one_file(tar, info)
    except (RejectedError, *_UNREADABLE):
        # The list of names has met the same, and says so.
        return


_ERRORS = "surrogateescape"


def _files(stream: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    with tarfile.open(fileobj=stream, mode="r|", errors=_ERRORS) as tar:
        for info in tar:
            if info.isreg() and not is_of_a_system(info.name):
                yield info


def _one_file(tar: tarfile.TarFile, info: tarfile.TarInfo) -> ContainedFile:
    name = _name(info)

    def open_file() -> IO[bytes]:
        source = tar.extractfile(info)
        if source is None:
            raise RejectedError(f"{name}: not a file")
        return io.BufferedReader(ReadableStream(source, name, errors=_UNREADABLE))

    return ContainedFile(name=name, open=open_file, size_bytes=info.size)


def _name(info: tarfile.TarInfo) -> str:
    """The name; tar does not say in which encoding it is."""
    raw = info.name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return decode(raw)


def _limit(stream: IO[bytes], shown: str, options: ReadOptions) -> IO[bytes]:
    return io.BufferedReader(_LimitedStream(stream, shown, most=2 * options.limits.max_unpacked_bytes))


class _LimitedStream(io.RawIOBase):
    """A stream that ends what unpacks to more than may be read of one document."""

    def __init__(self, source: IO[bytes], name: str, *, most: int) -> None:
        self._source = source
        self._name = name
        self._left = most

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read as many bytes as there are, and at most as many as the buffer takes."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._source.read(len(view))
        self._left -= len(data)
        if self._left < 0:
            raise RejectedError(f"{self._name}: unpacks to more than one document may", code=Code.BOMB)
        view[: len(data)] = data
        return len(data)


def _gzip_name(path: Path) -> str:
    """The name that gzip has stored, "" without one."""
    with path.open("rb") as file:
        head = file.read(_BLOCK_BYTES)
    if len(head) < 10 or not head[3] & _GZIP_NAME_FLAG or head[3] & 0x4:
        return ""
    return decode(head[10:].split(b"\0")[0])
