"""Plain text, and what all text has in common: how it is stored, and that a page of it needs no drawing."""

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
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""What terminals are told about colours and the cursor (ECMA-48, 5.4), as logs of builds hold it."""
_JSON_START = re.compile(r"\ufeff?\s*[\[{]\s*[\"\[{]")
_JSON_ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\.", re.DOTALL)
_ASCII_ESCAPE = re.compile(r"(\\u00[0-7][0-9a-fA-F])")


def open_text(path: Path, options: ReadOptions) -> PageSource:
    """One page with the whole text: tables, JSON and Markdown stay as they were written.

    Only characters that JSON writes as numbers are put as themselves, and the colours of a terminal go.
    Text over `max_text_chars` is cut there, and the page's reason says so. Raises RejectedError when the
    file is empty.
    """
    text = _COLOURS.sub("", decode(read_start(path, options)))
    if _JSON_START.match(text):
        text = _with_characters(text)
    return one_page(clean(text), options)


def read_start(path: Path, options: ReadOptions) -> bytes:
    """As many bytes of a file as the text kept of it can need. Raises RejectedError when it is empty."""
    with path.open("rb") as file:
        data = file.read(options.limits.max_text_chars * _MAX_BYTES_PER_CHAR + 1)
    if not data:
        raise RejectedError(f"{path.name}: the file is empty", code=Code.EMPTY)
    return data


def _with_characters(json: str) -> str:
    """JSON with the characters that its escapes stand for; those of ASCII, quotes too, stay."""
    return _JSON_ESCAPE.sub(_characters, json)


def _characters(escapes: re.Match[str]) -> str:
    """A row of them at once: characters beyond the first 65,536 are escaped as two halves."""
    if escapes[1] is None:
        return escapes[0]
    parts = _ASCII_ESCAPE.split(escapes[0])
    return "".join(
        part if number % 2 else bytes.fromhex(part.replace("\\u", "")).decode("utf-16-be", "replace")
        for number, part in enumerate(parts)
    )
