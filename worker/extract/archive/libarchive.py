"""Archives that Python cannot read (7z, rar, lzh, cab, iso, zst ...), by libarchive's program where it is.

It prints an archive as a tar stream, from which the files are read one after the other: it writes nothing,
and no name in an archive ever becomes one on this machine.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from worker.errors import Code, RejectedError
from worker.extract.archive.archive_source import MAX_NAMES, ReadableStream, archive_source, is_of_a_system
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.read_options import ReadOptions

PROGRAM = "bsdtar"
_JAPANESE_NAMES = "lha:hdrcharset=CP932,zip:hdrcharset=CP932"
_STDERR_BYTES = 4096
_UNREADABLE = (tarfile.TarError, EOFError, OSError, ValueError)
_NEEDS_PASSWORD = ("encrypt", "passphrase", "password")
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TAR_READER_OPTIONS": _JAPANESE_NAMES,
}


def open_with_libarchive(path: Path, options: ReadOptions, *, damage: str = "") -> PageSource:
    """One page with the names, then the files.

    `damage` is what another reader found wrong with it. Raises RejectedError: `needs_libarchive`,
    `encrypted`, or `corrupt` where nothing can be read.
    """
    program = shutil.which(PROGRAM)
    if program is None and damage:
        raise RejectedError(damage)
    if program is None:
        raise RejectedError(
            f"{path.name}: archives of this type are read by {PROGRAM}, which is not installed here",
            code=Code.NEEDS_LIBARCHIVE,
        )
    names, problem = _list(program, path)
    if not names and problem is not None:
        raise problem
    unread = (Code.CORRUPT,) if damage else (problem.code,) if problem else ()
    return archive_source(names, _all_files(program, path), options, unread=unread)


def _list(program: str, path: Path) -> tuple[list[str], RejectedError | None]:
    """The names of the files, and why they are not all."""
    names: list[str] = []
    try:
        with _stream(program, path) as tar:
            for info in tar:
                if info.isreg() and not is_of_a_system(info.name) and len(names) < MAX_NAMES:
                    names.append(info.name)
    except RejectedError as error:
        return names, error
    return names, None


def _all_files(program: str, path: Path) -> Iterator[ContainedFile]:
    try:
        with _stream(program, path) as tar:
            for info in tar:
                if info.isreg() and not is_of_a_system(info.name):
                    yield _one_file(tar, info)
    except RejectedError:
        # The list of names has met the same, and says so.
        return


def _one_file(tar: tarfile.TarFile, info: tarfile.TarInfo) -> ContainedFile:
    def open_file() -> IO[bytes]:
        source = tar.extractfile(info)
        if source is None:
            raise RejectedError(f"{info.name}: not a file")
        return io.BufferedReader(ReadableStream(source, info.name, errors=_UNREADABLE))

    return ContainedFile(name=info.name, open=open_file, size_bytes=info.size)


@contextmanager
def _stream(program: str, path: Path) -> Iterator[tarfile.TarFile]:
    """The archive as a tar stream. Raises RejectedError when the program has found something wrong."""
    command = [program, "-cf", "-", "--format=pax", f"@{path}"]
    with (path.parent / "bsdtar.txt").open("w+b") as messages:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, env=_ENVIRONMENT
        )
        has_ended = False
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|", errors="replace") as tar:
                yield tar
            has_ended = True
        except _UNREADABLE as error:
            raise _problem(messages, path, str(error)) from error
        finally:
            if not has_ended:
                process.kill()
            with suppress(OSError):
                if process.stdout is not None:
                    process.stdout.close()
            status = process.wait()
        if status:
            raise _problem(messages, path, f"{PROGRAM} ended with status {status}")


def _problem(messages: IO[bytes], path: Path, otherwise: str) -> RejectedError:
    messages.seek(0)
    said = messages.read(_STDERR_BYTES).decode("utf-8", "replace")
    if any(word in said.lower() for word in _NEEDS_PASSWORD):
        return RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    return RejectedError(f"{path.name}: an archive that cannot be read to its end ({otherwise})")
