"""Which files and folders of a user are left out by their names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase

# What systems and programs leave behind beside a user's files; what begins with a dot is hidden anyway.
_LEFTOVERS = ("thumbs.db", "ehthumbs.db", "desktop.ini", "~$*", "$recycle.bin", "__macosx", "lost+found")


@dataclass(frozen=True, kw_only=True, slots=True)
class NameFilter:
    """Patterns as a shell has them (`*.tmp`, `old/*`), each compared with the name and the end of the path.

    Files must match one of `include` where there are any; files and folders that match one of `exclude`
    are left out. So are hidden names and leftovers, unless `everything` is taken or they were named.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    everything: bool = False

    def leaves_out(self, path: str, *, named: bool) -> bool:
        """Whether a file or folder is left out; `named` means that the user gave this very path."""
        if any(_matches(path, pattern) for pattern in self.exclude):
            return True
        if self.everything or named:
            return False
        name = path.rpartition("/")[2]
        return name.startswith(".") or any(fnmatchcase(name.lower(), pattern) for pattern in _LEFTOVERS)

    def includes(self, path: str) -> bool:
        """Whether a file that is not left out is taken."""
        return not self.include or any(_matches(path, pattern) for pattern in self.include)


EVERY_NAME = NameFilter(everything=True)
"""Leaves nothing out."""


def _matches(path: str, pattern: str) -> bool:
    # A name typed on one system may be composed otherwise than the same name written by another.
    path, pattern = (unicodedata.normalize("NFC", text) for text in (path, pattern.rstrip("/")))
    return fnmatchcase(path.rpartition("/")[2], pattern) or fnmatchcase(path, f"*/{pattern.lstrip('/')}")
