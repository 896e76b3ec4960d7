"""ZIP archives: names in any encoding, passwords tried, and what can be read of a damaged one."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from worker.errors import Code, RejectedError
from worker.extract.archive.archive_source import MAX_NAMES, ReadableStream, archive_source, is_of_a_system
from worker.extract.archive.libarchive import open_with_libarchive
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode
from worker.models.file import FileType

_ENCRYPTED, _UTF8 = 0x1, 0x800
_UNICODE_PATH = 0x7075
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_AES = 99
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    LookupError,
)


def open_zip(path: Path, options: ReadOptions) -> PageSource:
    """One page with the names, then the files. Raises RejectedError where no directory can be read."""
    try:
        archive = zipfile.ZipFile(path)
        # The names of folders are all that an archive of empty ones has.
        members = [info for info in archive.infolist() if not info.is_dir()]
        folders = [] if members else archive.infolist()
    except _UNREADABLE as error:
        # Its files can be found one after the other without the directory at its end.
        damage = f"{path.name}: a damaged archive ({error})"
        return open_with_libarchive(FileType.ZIP, path, options, damage=damage)
    if _contains_itself(path, members):
        raise RejectedError(f"{path.name}: contains itself; it has no end", code=Code.UNSUPPORTED_TYPE)
    methods = {info.compress_type for info in members}
    if not methods.issubset(_METHODS):
        try:
            return open_with_libarchive(FileType.ZIP, path, options)
        except RejectedError as error:
            # Files beside those that AES encrypts are read without it.
            if error.code is not Code.NEEDS_LIBARCHIVE or not methods.issubset((*_METHODS, _AES)):
                raise
    names = dict(zip(map(id, members), _names(members), strict=True))
    members = [info for info in members if not is_of_a_system(names[id(info)])]
    shown = [names[id(info)] for info in members]
    files = _all_files(archive, members, shown, options.pdf_passwords)
    comment = [decode(archive.comment)] if archive.comment.strip(b"\0 \r\n") else []
    lines = [*shown[:MAX_NAMES], *_names(folders)[:MAX_NAMES], *comment]
    return archive_source(lines, files, options, shown=path.name)


def _contains_itself(path: Path, members: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether a file has the size and the checksum of the archive: nothing is unpacked to know it."""
    size = path.stat().st_size
    sums = {info.CRC for info in members if info.file_size == size}
    if not sums:
        return False
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum in sums


def _all_files(
    archive: zipfile.ZipFile,
    members: Sequence[zipfile.ZipInfo],
    names: Sequence[str],
    passwords: Sequence[str],
) -> Iterator[ContainedFile]:
    for info, name in zip(members, names, strict=True):
        yield ContainedFile(
            name=name, open=partial(_open, archive, info, name, passwords), size_bytes=info.file_size
        )


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, passwords: Sequence[str]) -> IO[bytes]:
    """A file's bytes, with the first password that fits."""
    if not info.flag_bits & _ENCRYPTED:
        try:
            source = archive.open(info)
        except _UNREADABLE as error:
            raise RejectedError(f"{name}: damaged; its bytes cannot be unpacked ({error})") from error
        return io.BufferedReader(ReadableStream(source, name, errors=_UNREADABLE))
    for password in passwords if info.compress_type in _METHODS else ():
        for spelling in dict.fromkeys((password.encode(), password.encode("cp932", "replace"))):
            try:
                # Its check byte lets one wrong password of 256 pass; the checksum of the whole does not.
                with archive.open(info, pwd=spelling) as source:
                    while source.read(1 << 20):
                        pass
            except (RuntimeError, *_UNREADABLE):
                continue
            return archive.open(info, pwd=spelling)
    raise RejectedError(f"{name}: encrypted; only its password opens it", code=Code.ENCRYPTED)


def _names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names; those without a mark of their encoding are decoded together, as they share one."""
    raw = [b"" if _is_marked(info) else _raw_name(info) for info in members]
    decoded = decode(b"\n".join(raw)).split("\n") if any(raw) else []
    if len(decoded) != len(raw):
        decoded = [decode(name) for name in raw]
    return [
        _unicode_path(info) or (info.filename if _is_marked(info) else name)
        for info, name in zip(members, decoded or [""] * len(members), strict=True)
    ]


def _is_marked(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & _UTF8) or info.orig_filename.isascii()


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("cp437", "replace").replace(b"\n", b" ")


def _unicode_path(info: zipfile.ZipInfo) -> str:
    """The name in an extra field of Info-ZIP, "" without one."""
    extra, at = info.extra, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _UNICODE_PATH and size > 5:
            return extra[at + 9 : at + 4 + size].decode("utf-8", "replace")
        at += 4 + size
    return ""
