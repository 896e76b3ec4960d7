"""RTF: deleted text hidden, fields with the results that they were saved with, and damage repaired."""

from __future__ import annotations

import re
from collections.abc import Iterator

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


_TOKEN = re.compile(rb"\\bin(\d{1,10}) ?|\\.|[{}]", re.DOTALL)
# A program leaves out a group that begins with \\* and a word it does not know.
_PICTURE = re.compile(rb"(\{\s*)\\pict(?![A-Za-z])")
_OBJECT = re.compile(rb"(\\objdata[ \r\n][0-9A-Fa-f\s]*)[^{}\\0-9A-Fa-f\s][^{}]*")


def repairs(data: bytes) -> Iterator[bytes]:
    """The same document as a program may be able to read it, with less of it each time.

    Groups that the end of the file leaves open are closed, before binary data that is cut off with it; data
    of an object ends at the first byte that is no hexadecimal digit. Then the pictures go, too.
    """
    closed = _close_groups(_OBJECT.sub(rb"\1", data))
    if closed != data:
        yield closed
    text = _PICTURE.sub(rb"\1\\*\\nopict", closed)
    if text != closed:
        yield text


def _close_groups(data: bytes) -> bytes:
    depth, end, at = 0, len(data), 0
    while token := _TOKEN.search(data, at):
        at = token.end()
        if token[1] is not None:
            at += int(token[1])
            if at > end:
                end = token.start()
                break
        else:
            depth += {b"{": 1, b"}": -1}.get(token[0], 0)
    return data[:end] + b"}" * max(0, depth)
