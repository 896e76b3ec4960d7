"""Tar archives, and single files compressed with gzip, bzip2, xz or Zstandard."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self, cast

from worker.errors import Code, RejectedError
from worker.extract.archive.archive_source import (
    MAX_HEADERS,
    MAX_NAMES,
    ReadableStream,
    archive_source,
    is_of_a_system,
)
from worker.extract.archive.libarchive import open_unpacked
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.signatures import is_tar
from worker.extract.text.charset import decode
from worker.models.file import FileType

_UNREADABLE = (
    *(tarfile.TarError, EOFError, OSError, ValueError),
    *(RecursionError, zlib.error, lzma.LZMAError),
)
_BLOCK_BYTES = 512
_GZIP_NAME_FLAG = 0x8
_EXTENDED = frozenset(
    {
        *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
        *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    }
)
_MAX_EXTENDED_BYTES = 1 << 20
_MAX_EMPTY_READS = 8

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


def open_zstandard(path: Path, options: ReadOptions) -> PageSource:
    """A compressed tar archive, or one file."""
    return _open_compressed(lambda: open_unpacked(FileType.ZSTANDARD, path, options), "", path.name, options)


def _open_compressed(unpack: Open, name: str, shown: str, options: ReadOptions) -> PageSource:
    try:
        with unpack() as file:
            head = _head(file)
    except _UNREADABLE as error:
        raise RejectedError(f"{shown}: a compressed file that cannot be read ({error})") from error
    if is_tar(head):
        return _open_tar(unpack, shown, options)

    def open_file() -> IO[bytes]:
        return io.BufferedReader(ReadableStream(unpack(), name or shown, errors=_UNREADABLE))

    return archive_source((name,), (ContainedFile(name=name, open=open_file),), options)


def _head(file: IO[bytes]) -> bytes:
    """The first block, or what of it comes before damage; raises where that is nothing."""
    head = b""
    try:
        while len(head) < _BLOCK_BYTES and (piece := cast("Any", file).read1(_BLOCK_BYTES - len(head))):
            head += piece
    except _UNREADABLE:
        if not head:
            raise
    return head


def _open_tar(unpack: Open, shown: str, options: ReadOptions) -> PageSource:
    names: list[str] = []
    unread: tuple[Code, ...] = ()
    most_bytes = 2 * options.limits.max_unpacked_bytes
    stream = _LimitedStream(unpack(), shown, most_bytes=most_bytes)
    try:
        with _opened(stream) as tar:
            for info in _files(tar, shown):
                if len(names) < MAX_NAMES:
                    names.append(_name(info))  # those of links, too, whose content stands elsewhere
    except (RejectedError, *_UNREADABLE) as error:
        unread = (error.code if isinstance(error, RejectedError) else Code.CORRUPT,)
        if not names:
            text = f"{shown}: an archive that cannot be read ({error})"
            raise RejectedError(text, code=unread[0]) from error
    files = _all_files(unpack, shown, most_bytes)
    source = archive_source(names, files, options, unread=unread, shown=shown)
    return replace(source, unpacked_bytes=stream.count)


def _all_files(unpack: Open, shown: str, most_bytes: int) -> Iterator[ContainedFile]:
    try:
        with _opened(_LimitedStream(unpack(), shown, most_bytes=most_bytes)) as tar:
            for info in _files(tar, shown):
                if info.isreg():
                    yield _one_file(tar, info)
    except (RejectedError, *_UNREADABLE):
        # The list of names has met the same, and says so.
        return


@contextmanager
def _opened(stream: io.RawIOBase) -> Iterator[tarfile.TarFile]:
    with (
        io.BufferedReader(stream) as file,
        tarfile.open(fileobj=file, mode="r|", errors="surrogateescape", tarinfo=_Header) as tar,
    ):
        yield tar


def _files(tar: tarfile.TarFile, shown: str) -> Iterator[tarfile.TarInfo]:
    for _ in range(MAX_HEADERS):
        info = tar.next()
        # It keeps every header, which an archive may have more of than there is memory.
        cast("Any", tar).members.clear()
        if info is None:
            return
        if not info.isdir() and not is_of_a_system(info.name):
            yield info
    text = f"{shown}: it has more than {MAX_HEADERS} files; those behind are not read"
    raise RejectedError(text, code=Code.TOO_MANY_MEMBERS)


class _Header(tarfile.TarInfo):
    """A header that is refused where its name or its comments, which are read whole, are no such thing."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """See TarInfo. Raises RejectedError (`bomb`)."""
        info = super().frombuf(buf, encoding, errors)
        if info.type in _EXTENDED and info.size > _MAX_EXTENDED_BYTES:
            raise RejectedError(f"a name or a comment of {info.size} bytes", code=Code.BOMB)
        return info


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


class _LimitedStream(io.RawIOBase):
    """A stream that ends what unpacks to more than a document may, and what is read past its end.

    `count` is how many bytes were read.
    """

    def __init__(self, source: IO[bytes], name: str, *, most_bytes: int) -> None:
        self.count = 0
        self._source = source
        self._name = name
        self._most_bytes = most_bytes
        self._empty_reads = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as there are, and at most as many as the buffer takes."""
        data = self._source.read(len(buffer))
        self.count += len(data)
        if self.count > self._most_bytes:
            raise RejectedError(f"{self._name}: unpacks to more than one document may", code=Code.BOMB)
        # To skip a file tarfile reads as often as its size says, whether there is something or not.
        self._empty_reads = 0 if data else self._empty_reads + 1
        if self._empty_reads > _MAX_EMPTY_READS:
            raise EOFError("it ends within a file")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close what it reads, too."""
        self._source.close()
        super().close()


def _gzip_name(path: Path) -> str:
    """The name that gzip has stored, "" without one."""
    with path.open("rb") as file:
        head = file.read(_BLOCK_BYTES)
    if len(head) < 10 or not head[3] & _GZIP_NAME_FLAG or head[3] & 0x4:
        return ""
    return decode(head[10:].split(b"\0")[0])
