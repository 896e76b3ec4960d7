"""What the entry of a file was made with, and whether another run may make more of the file.

It is a text: what decides the text of every file, then the limits, which decide only that of some.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from worker.errors import Code
from worker.models.unread import is_limit

_LIMITS = " limits "
_AGAIN = f"{_LIMITS}again"
_BY_SETTINGS = frozenset(
    {
        Code.ENCRYPTED,
        Code.NEEDS_LIBREOFFICE,
        Code.TOO_LARGE,
        Code.TOO_MANY_PIXELS,
        Code.TOO_MANY_PAGES,
        Code.BOMB,
        Code.ARCHIVED,
    }
)
"""What the same settings meet again; the other limits depend on the moment."""


def made_with(key: str, *limits: object) -> str:
    """The text of a run; only a digest of the limits is in it, as passwords are among them."""
    return f"{key}{_LIMITS}{hashlib.sha256(repr(limits).encode()).hexdigest()[:16]}"


def entry_made_with(run: str, codes: Collection[str]) -> str:
    """The text of a file's entry, of which something was not read for these codes."""
    limits = {code for code in codes if is_limit(code)}
    key = run.partition(_LIMITS)[0]
    if not limits:
        return key
    return run if limits <= _BY_SETTINGS else f"{key}{_AGAIN}"


def has_limits(entry: str) -> bool:
    """Whether a limit kept something of the entry's file from being read."""
    return _LIMITS in entry


def is_current(entry: str, run: str) -> bool:
    """Whether this run would make the same of the file as the one that wrote its entry."""
    return entry in (run, run.partition(_LIMITS)[0])
