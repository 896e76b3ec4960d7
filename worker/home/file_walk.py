"""Walk over files and folders of a user; what cannot be read is a value, and never an error.

Paths are strings as Python decodes them: bytes that are no UTF-8 become lone surrogates, and encode to the
same bytes again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """A regular file, with its size and time of change when it was examined."""

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A file that cannot be examined or read, and why."""

    path: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """Something that is not a regular file, and what it is."""

    path: str
    message: str


WalkItem = FoundFile | Unreadable | Ignored


def walk(paths: Sequence[str], *, exclude: str, stop: Callable[[], None]) -> Iterator[WalkItem]:
    """All files at and below the paths, each once, in the order of their names.

    `exclude` is a folder that is not entered (the home itself, which may lie inside). `stop` is called
    for each path and may raise.
    """
    excluded = _identity(exclude)
    seen: set[str] = set()
    waiting = [os.path.abspath(path) for path in reversed(paths)]  # noqa: PTH100 - bytes may be no UTF-8
    arguments = frozenset(waiting)
    while waiting:
        stop()
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        item = examine(path)
        # A link to a folder is followed only where the user named it: below, it could lead into a loop.
        if isinstance(item, Ignored) and _is_folder(path, follow=path in arguments):
            if _identity(path) != excluded:
                children = _list(path)
                if isinstance(children, Ignored):
                    yield children
                else:
                    waiting += reversed(children)
            continue
        yield item


def examine(path: str) -> WalkItem:
    """What is at one path right now."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        return Unreadable(path=path, message=error.strerror or "it cannot be read")
    if stat.S_ISREG(status.st_mode):
        return FoundFile(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            return Ignored(path=path, message=f"{name}, not a file")
    return Ignored(path=path, message="a link to a folder: not followed")


def is_gone(path: str) -> bool:
    """Whether the file is known to be gone; a folder that may not be entered proves nothing."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def display(path: str) -> str:
    """A path as text that can be printed, stored and sent: bytes that are no UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _is_folder(path: str, *, follow: bool) -> bool:
    return os.path.isdir(path) and (follow or not os.path.islink(path))  # noqa: PTH112, PTH114


def _list(folder: str) -> list[str] | Ignored:
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]  # noqa: PTH118, PTH208
    except OSError as error:
        return Ignored(path=folder, message=f"a folder that cannot be read: {error.strerror}")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino
