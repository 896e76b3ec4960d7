"""RTF: deleted text hidden, and fields with the results that they were saved with."""

from __future__ import annotations

import re

_DELETED = re.compile(rb"(?<!\\)((?:\\\\)*)\\deleted(?=[01]?(?![A-Za-z0-9]))")
_FIELD = re.compile(
    rb"(\\fldinst[^{}]{0,20}(?:\{[^{}]{0,200}?\s?)?\s*)\b(DATE|TIME|FILENAME)\b", re.IGNORECASE
)
_UNKNOWN = b"QUOTED"
_MOMENT = re.compile(rb"(?<!\\)((?:\\\\)*)\\(?:chdate|chdpl|chdpa|chtime) ?(?![A-Za-z0-9])")


def hide_deletions(data: bytes) -> bytes:
    """The same document: hidden in place of deleted, and nothing in place of the day when it is read."""
    data = _DELETED.sub(rb"\1\\v", data)
    data = _FIELD.sub(lambda field: field[1] + _UNKNOWN, data)
    return _MOMENT.sub(rb"\1", data)
