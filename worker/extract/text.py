"""Plain text, and what all text has in common: how it is stored, and that a page of it needs no drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from worker.errors import Code, OCRError, RejectedError
from worker.extract.charset import UNPRINTABLE, decode
from worker.extract.language import script_shares
from worker.extract.page_source import PageSource
from worker.models import Page, TextSource
from worker.read_options import ReadOptions

_MAX_BYTES_PER_CHAR = 4
_MIN_CJK_SHARE = 0.1
_SAMPLED_CHARS = 200_000
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""What terminals are told about colours and the cursor (ECMA-48, 5.4), as logs of builds hold it."""
_JSON_START = re.compile(r"\ufeff?\s*[\[{]\s*[\"\[{]")
_JSON_ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\.", re.DOTALL)
_ASCII_ESCAPE = re.compile(r"(\\u00[0-7][0-9a-fA-F])")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


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


def one_page(text: str, options: ReadOptions) -> PageSource:
    """A document of one page that needs no recognition, cut at `max_text_chars`."""
    page = file_page(1, text, options)
    return PageSource(page_count=1, pages=_once(page), render=_nothing_to_draw, preview=_no_picture)


def file_page(number: int, text: str, options: ReadOptions, *, reason: Code | None = None) -> Page:
    """A page whose text is in the file itself, cut at `max_text_chars`; `reason` says what it lacks."""
    limit_chars = options.limits.max_text_chars
    kept = text[:limit_chars]
    if len(text) > limit_chars:
        reason = Code.TOO_LARGE
    return Page(
        number=number,
        text=kept,
        source=TextSource.FILE,
        language=language_of_text(kept),
        reason=reason.value if reason else None,
    )


def clean(text: str) -> str:
    """Text as it is stored: lines end in a line feed, no control characters but tab, no outer blanks."""
    return UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text)).strip()


def language_of_text(text: str) -> str | None:
    """The language by script: jpn or eng, None where neither can be told.

    A tenth of kana and kanji is enough: Japanese texts about technology are full of Latin names. Of a long
    text every so many-th character is looked at: counting all of them costs 80 bytes each.
    """
    shares = script_shares(text[:: 1 + len(text) // _SAMPLED_CHARS])
    if shares.kana + shares.kanji >= _MIN_CJK_SHARE and shares.hangul < shares.kana + shares.kanji:
        return "jpn"
    return "eng" if shares.latin > 0.5 else None


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


def _once(page: Page) -> Iterator[Page | int]:
    yield page


def _nothing_to_draw(number: int, _folder: Path) -> Path:
    raise OCRError(f"page {number} has its text already; there is nothing to draw", retry_allowed=False)


def _no_picture() -> Image.Image | None:
    return None
