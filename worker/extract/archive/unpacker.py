"""A program that prints the files in an archive, read by libarchive as the one format it is said to have.

It runs as a process of its own (`python -I -S unpacker.py list|read FORMAT MOST_HEADERS FILE`), because no
document should lose its reader to a parser, and imports nothing but the standard library. libarchive is
loaded here rather than asked through its program `bsdtar`, which decides by the bytes which format a file
has: there is one (mtree) that describes files of the machine by their paths.

On standard input are passwords, each before a NUL. Standard output has records: an ASCII character, four
bytes of length and so much content. `F`: a file begins (its size in eight bytes, its name); `D`: some of its
bytes; `E`: the rest of it cannot be read, and why; `Z`: the end, with "", or why it is not the end of the
archive; `M`: libarchive is not installed; `T`: there are more files than may be listed.
"""

from __future__ import annotations

import ctypes
import locale
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

_LIBRARIES = ("libarchive.so.13", "libarchive.so", "libarchive.dylib")
_FORMATS = {
    "7z": ("7zip",),
    "cab": ("cab",),
    "iso": ("iso9660",),
    "lzh": ("lha",),
    "rar": ("rar", "rar5"),
    "zip": ("zip",),
    "zst": ("raw", "empty"),
}
_FILTERS = {"zst": "zstd"}
# Without a charset a name that is not in that of the locale ends the reading.
_JAPANESE_NAMES = {"lzh": "lha:hdrcharset=CP932"}
_OK, _END, _WARNING, _FATAL = 0, 1, -20, -30
_REGULAR = 0o100000
_BLOCK_BYTES = 1 << 16
_MAX_FAILURES = 100
_MESSAGE_BYTES = 500
_POINTERS = ("archive_read_new",)
_TEXTS = ("archive_entry_pathname", "archive_entry_hardlink", "archive_error_string")
_NUMBERS = {"archive_read_data": ctypes.c_ssize_t, "archive_entry_size": ctypes.c_int64}


class Unpacker:
    """One archive and where its files are printed."""

    def __init__(self, library: Any, output: IO[bytes]) -> None:
        self._library = library
        self._output = output
        self._archive = ctypes.c_void_p(library.archive_read_new())

    def open(self, kind: str, path: bytes, passwords: Sequence[bytes]) -> bool:
        """Open a file as this format and no other; False where it cannot be."""
        library, archive = self._library, self._archive
        getattr(library, f"archive_read_support_filter_{_FILTERS.get(kind, 'none')}")(archive)
        for name in _FORMATS[kind]:
            # An older library does not know all of them.
            if support := getattr(library, f"archive_read_support_format_{name}", None):
                support(archive)
        if names := _JAPANESE_NAMES.get(kind):
            library.archive_read_set_options(archive, names.encode())
        for password in passwords:
            library.archive_read_add_passphrase(archive, password)
        block = ctypes.c_size_t(_BLOCK_BYTES)
        return int(library.archive_read_open_filename(archive, path, block)) >= _WARNING

    def print_files(self, *, most: int, with_data: bool) -> None:
        """Print the files, and at the end why there are no more."""
        entry = ctypes.c_void_p()
        headers = failures = 0
        while True:
            status = self._library.archive_read_next_header(self._archive, ctypes.byref(entry))
            headers += 1
            if status == _END:
                self._print(b"Z", b"")
                return
            if headers > most:
                self._print(b"T", b"")
                return
            if status not in (_OK, _WARNING):
                failures += 1
                if status <= _FATAL or failures > _MAX_FAILURES:
                    self._print(b"Z", self.problem())
                    return
            elif self._is_file(entry):
                size = max(0, self._library.archive_entry_size(entry))
                name = self._library.archive_entry_pathname(entry) or b""
                self._print(b"F", size.to_bytes(8, "big") + name)
                if with_data:
                    self._print_data()

    def problem(self) -> bytes:
        """What the library says went wrong."""
        said: bytes = self._library.archive_error_string(self._archive) or b"damaged"
        return said[:_MESSAGE_BYTES] or b"damaged"

    def _is_file(self, entry: ctypes.c_void_p) -> bool:
        is_regular = self._library.archive_entry_filetype(entry) == _REGULAR
        return is_regular and self._library.archive_entry_hardlink(entry) is None

    def _print_data(self) -> None:
        buffer = ctypes.create_string_buffer(_BLOCK_BYTES)
        size = ctypes.c_size_t(_BLOCK_BYTES)
        while (count := self._library.archive_read_data(self._archive, buffer, size)) > 0:
            self._print(b"D", buffer.raw[:count])
        if count < 0:
            self._print(b"E", self.problem())

    def _print(self, kind: bytes, content: bytes) -> None:
        self._output.write(kind + len(content).to_bytes(4, "big") + content)


def load() -> Any:
    """The library; None where it is not installed."""
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        for function in _POINTERS:
            getattr(library, function).restype = ctypes.c_void_p
        for function in _TEXTS:
            getattr(library, function).restype = ctypes.c_char_p
        for function, kind in _NUMBERS.items():
            getattr(library, function).restype = kind
        return library
    return None


def main(arguments: Sequence[str], *, passwords: bytes, output: IO[bytes]) -> None:
    """Print the archive that the arguments name."""
    what, kind, most, path = arguments
    library = load()
    if library is None:
        output.write(b"M\0\0\0\0")
        return
    unpacker = Unpacker(library, output)
    if unpacker.open(kind, os.fsencode(path), passwords.split(b"\0")[:-1]):
        unpacker.print_files(most=int(most), with_data=what == "read")
    else:
        problem = unpacker.problem()
        output.write(b"Z" + len(problem).to_bytes(4, "big") + problem)


if __name__ == "__main__":
    # Names that are not ASCII are converted to the charset of the locale, or are none.
    with suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    main(sys.argv[1:], passwords=sys.stdin.buffer.read(), output=sys.stdout.buffer)
    sys.stdout.buffer.flush()
