"""Plain text files as documents of one page."""

from __future__ import annotations

import re
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode
from worker.extract.text.normalise import clean
from worker.extract.text.text_page import one_page

_MAX_BYTES_PER_CHAR = 4
_TERMINAL_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""Colours and movements of the cursor (ECMA-48, 5.4), as in logs of builds."""
_JSON_START = re.compile(r"\ufeff?\s*[\[{]\s*[\"\[{]")
_JSON_ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\.", re.DOTALL)
_ASCII_ESCAPE = re.compile(r"(\\u00[0-7][0-9a-fA-F])")


def open_text(path: Path, options: ReadOptions) -> PageSource:
    """One page with the whole text: tables, JSON and Markdown are not changed.

    Only JSON's escapes become the characters they stand for, and terminal escapes are removed. Text over
    `max_text_chars` is cut there, and the page's reason says so. Raises RejectedError when the file is empty.
    """
    text = _TERMINAL_ESCAPES.sub("", decode(read_start(path, options)))
    if _JSON_START.match(text):
        text = _unescape_json(text)
    return one_page(clean(text), options)


def read_start(path: Path, options: ReadOptions) -> bytes:
    """As many bytes of a file as the text kept of it can need. Raises RejectedError when it is empty."""
    most_bytes = options.limits.max_text_chars * _MAX_BYTES_PER_CHAR + 1
    with path.open("rb") as file:
        # Python takes memory for all it is asked to read, 80 MB for a note of two lines.
        data = file.read(min(most_bytes, path.stat().st_size))
    if not data:
        raise RejectedError(f"{path.name}: the file is empty", code=Code.EMPTY)
    return data


def _unescape_json(json: str) -> str:
    """JSON with characters in place of escapes, for the search; those of ASCII, with quotes, stay."""
    return _JSON_ESCAPE.sub(_unescape_run, json)


def _unescape_run(escapes: re.Match[str]) -> str:
    """A run of escapes at once: characters beyond U+FFFF are escaped as two surrogates."""
    if escapes[1] is None:
        return escapes[0]
    parts = _ASCII_ESCAPE.split(escapes[0])
    return "".join(
        part if number % 2 else bytes.fromhex(part.replace("\\u", "")).decode("utf-16-be", "replace")
        for number, part in enumerate(parts)
    )
