"""Archives that Python cannot read (7z, rar, lzh, cab, iso ...), by libarchive where it is installed.

A process of its own prints the files one after the other (unpacker.py): it writes nothing, and no name in an
archive ever becomes one on this machine. It reads a file as the one format that its first bytes say.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from worker.errors import Code, RejectedError
from worker.extract.archive.archive_source import MAX_HEADERS, MAX_NAMES, archive_source, is_of_a_system
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode
from worker.models.file import FileType

_PROGRAM = Path(__file__).with_name("unpacker.py")
_LIST, _READ = "list", "read"
_NEEDS_PASSWORD = ("encrypt", "passphrase", "password")
_UNKNOWN_METHOD = "unsupported"
_LENGTH_BYTES, _SIZE_BYTES = 4, 8
_MAX_RECORD_BYTES = 1 << 20


def open_with_libarchive(kind: FileType, path: Path, options: ReadOptions, *, damage: str = "") -> PageSource:
    """One page with the names, then the files.

    `damage` is what another reader found wrong with it. Raises RejectedError: `needs_libarchive`,
    `encrypted`, or `corrupt` where nothing can be read.
    """
    names, problem = _list(kind, path, options)
    if damage and problem is not None and problem.code is Code.NEEDS_LIBARCHIVE:
        raise RejectedError(damage) from problem
    if not names and problem is not None:
        raise problem
    unread = (Code.CORRUPT,) if damage else (problem.code,) if problem else ()
    shown = [name for name in names if not is_of_a_system(name)][:MAX_NAMES]
    files = _all_files(kind, path, options, names, has_problem=bool(unread))
    return archive_source(shown, files, options, unread=unread, shown=path.name)


def open_unpacked(kind: FileType, path: Path, options: ReadOptions) -> IO[bytes]:
    """The bytes of a file that is compressed as a whole. Raises RejectedError."""
    with ExitStack() as stack:
        records = stack.enter_context(_records(_READ, kind, path, options))
        if next(records.files(), None) is None:
            return io.BytesIO()
        return io.BufferedReader(_DataStream(records, path.name, on_close=stack.pop_all().close))


def _list(kind: FileType, path: Path, options: ReadOptions) -> tuple[list[str], RejectedError | None]:
    """The names of the files, and why they are not all."""
    raw: list[bytes] = []
    try:
        with _records(_LIST, kind, path, options) as records:
            raw.extend(name for _, name in records.files())
    except RejectedError as error:
        return _decode(raw), error
    return _decode(raw), None


def _decode(raw: Sequence[bytes]) -> list[str]:
    """The names, decoded together: where their encoding is not said, they share one."""
    names = decode(b"\n".join(raw)).split("\n") if raw else []
    return names if len(names) == len(raw) else [decode(name) for name in raw]


def _all_files(
    kind: FileType, path: Path, options: ReadOptions, names: Sequence[str], *, has_problem: bool
) -> Iterator[ContainedFile]:
    try:
        with _records(_READ, kind, path, options) as records:
            for name, (size_bytes, _) in zip(names, records.files(), strict=False):
                if not is_of_a_system(name):
                    yield ContainedFile(name=name, open=partial(_open, records, name), size_bytes=size_bytes)
    except RejectedError:
        # Else the list of names has met the same, and says so.
        if not has_problem:
            raise


def _open(records: _Records, name: str) -> IO[bytes]:
    return io.BufferedReader(_DataStream(records, name))


class _Records:
    """What the program prints of one archive."""

    def __init__(self, pipe: IO[bytes], shown: str, *, most_bytes: int) -> None:
        self._pipe = pipe
        self._shown = shown
        self._left_bytes = most_bytes
        self._pending: tuple[bytes, bytes] | None = None

    def files(self) -> Iterator[tuple[int, bytes]]:
        """Size and raw name of each file, whose data is read before the next. Raises RejectedError."""
        while True:
            kind, content = self._take()
            if kind == b"F":
                yield int.from_bytes(content[:_SIZE_BYTES], "big"), content[_SIZE_BYTES:]
            elif kind not in (b"D", b"E"):
                self._end(kind, content)
                return

    def read(self, name: str) -> bytes:
        """The next bytes of the file that was begun last; b"" at its end. Raises RejectedError."""
        kind, content = self._take()
        if kind == b"D":
            return content
        if kind == b"E":
            raise _problem(name, content)
        self._pending = kind, content
        return b""

    def _take(self) -> tuple[bytes, bytes]:
        if self._pending is not None:
            record, self._pending = self._pending, None
            return record
        head = self._pipe.read(1 + _LENGTH_BYTES)
        length = int.from_bytes(head[1:], "big")
        content = self._pipe.read(length) if length <= _MAX_RECORD_BYTES else b""
        if len(head) < 1 + _LENGTH_BYTES or len(content) < length:
            raise RejectedError(f"{self._shown}: damaged; the program that unpacks it ended early")
        self._left_bytes -= length if head[:1] == b"D" else 0
        if self._left_bytes < 0:
            raise RejectedError(f"{self._shown}: unpacks to more than one document may", code=Code.BOMB)
        return head[:1], content

    def _end(self, kind: bytes, content: bytes) -> None:
        if kind == b"M":
            text = "archives of this type are read by libarchive, which is not installed here"
            raise RejectedError(f"{self._shown}: {text}", code=Code.NEEDS_LIBARCHIVE)
        if kind == b"T":
            text = f"it has more than {MAX_HEADERS} files; those behind are not read"
            raise RejectedError(f"{self._shown}: {text}", code=Code.TOO_MANY_MEMBERS)
        if content:
            raise _problem(self._shown, content)


class _DataStream(io.RawIOBase):
    """The bytes of the file that the program prints now."""

    def __init__(self, records: _Records, name: str, *, on_close: Callable[[], None] = lambda: None) -> None:
        self._records = records
        self._name = name
        self._on_close = on_close
        self._left = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as there are, and at most as many as the buffer takes."""
        data = self._left or self._records.read(self._name)
        count = min(len(data), len(buffer))
        buffer[:count] = data[:count]
        self._left = data[count:]
        return count

    def close(self) -> None:
        """End the program, where it unpacks nothing else."""
        self._on_close()
        super().close()


@contextmanager
def _records(what: str, kind: FileType, path: Path, options: ReadOptions) -> Iterator[_Records]:
    # Without the folders of packages, which take longer to find than most archives to read.
    program = [sys.executable, "-I", "-S", str(_PROGRAM)]
    process = subprocess.Popen(
        [*program, what, kind.value, str(MAX_HEADERS), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        with suppress(BrokenPipeError), process.stdin as passwords:  # type: ignore[union-attr]
            passwords.write(b"".join(password.encode() + b"\0" for password in options.pdf_passwords))
        most_bytes = 2 * options.limits.max_unpacked_bytes
        yield _Records(process.stdout, path.name, most_bytes=most_bytes)  # type: ignore[arg-type]
    finally:
        process.kill()
        with suppress(OSError):
            process.stdout.close()  # type: ignore[union-attr]
        process.wait()


def _problem(shown: str, said: bytes) -> RejectedError:
    text = said.decode("utf-8", "replace")
    if any(word in text.lower() for word in _NEEDS_PASSWORD):
        return RejectedError(f"{shown}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    if _UNKNOWN_METHOD in text.lower():
        text = f"{shown}: packed by a method that libarchive does not know ({text})"
        return RejectedError(text, code=Code.UNSUPPORTED_TYPE)
    return RejectedError(f"{shown}: damaged; it cannot be unpacked ({text})")
