"""Walk over files and folders of a user; what cannot be read is a value, and never an error.

Paths are strings as Python decodes them: bytes that are no UTF-8 become lone surrogates, and encode to the
same bytes again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from worker.home.name_filter import EVERY_NAME, NameFilter

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
    identity: tuple[int, int] = field(default=(0, 0), compare=False)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A file or folder that its name leaves out."""

    path: str


WalkItem = FoundFile | Unreadable | Ignored | LeftOut


def walk(
    paths: Sequence[str], *, exclude: str, stop: Callable[[], None], names: NameFilter = EVERY_NAME
) -> Iterator[WalkItem]:
    """All files at and below the paths, each once, in the order of their names, links to files last.

    `exclude` is a folder that is not entered (the home itself, which may lie inside). `stop` is called
    for each path and may raise. A link is passed over where its file is found without it.
    """
    walker = _Walker(exclude=exclude, stop=stop, names=names)
    yield from walker.walk([os.path.abspath(path) for path in paths])  # noqa: PTH100 - may be no UTF-8


class _Walker:
    def __init__(self, *, exclude: str, stop: Callable[[], None], names: NameFilter) -> None:
        self._stop = stop
        self._names = names
        self._seen: set[str] = set()
        # Of the home, of the folders entered, and of the files found.
        self._identities = {_identity(exclude)}

    def walk(self, paths: Sequence[str]) -> Iterator[WalkItem]:
        waiting, arguments = list(reversed(paths)), frozenset(paths)
        links: list[FoundFile] = []
        while waiting:
            self._stop()
            path = waiting.pop()
            if path in self._seen:
                continue
            self._seen.add(path)
            if self._names.leaves_out(display(path), named=path in arguments):
                yield LeftOut(path=path)
                continue
            item = examine(path)
            # A link to a folder is followed only where the user named it: below, it could lead into a loop.
            if isinstance(item, Ignored) and _is_folder(path, follow=path in arguments):
                children = self._enter(path)
                if isinstance(children, Ignored):
                    yield children
                else:
                    waiting += reversed(children)
            elif not isinstance(item, FoundFile):
                yield item
            elif not self._names.includes(display(path)):
                yield LeftOut(path=path)
            elif os.path.islink(path):  # noqa: PTH114
                links.append(item)
            else:
                self._identities.add(item.identity)
                yield item
        yield from self._once(links)

    def _enter(self, path: str) -> list[str] | Ignored:
        """What is in a folder; nothing where it was entered by another path."""
        identity = _identity(path)
        if identity in self._identities:
            return []
        self._identities.add(identity)
        return _list(path)

    def _once(self, links: Sequence[FoundFile]) -> Iterator[WalkItem]:
        for link in links:
            self._stop()
            if link.identity in self._identities:
                yield Ignored(path=link.path, message="a link to a file that is found without it")
            else:
                self._identities.add(link.identity)
                yield link


def examine(path: str) -> FoundFile | Unreadable | Ignored:
    """What is at one path right now."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        return Unreadable(path=path, message=error.strerror or "it cannot be read")
    if stat.S_ISREG(status.st_mode):
        identity = (status.st_dev, status.st_ino)
        return FoundFile(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, identity=identity)
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
    """A path as text that can be printed, stored and sent.

    Names are UTF-8, or those of a Japanese Windows, as old archives and disks have them, each for itself;
    what is neither is replaced.
    """
    if path.isascii():
        return path
    return "/".join(map(_decode, os.fsencode(path).split(b"/")))


def _decode(name: bytes) -> str:
    for encoding in ("utf-8", "cp932"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "replace")


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
