"""Pages whose text is in the file itself: nothing to draw, nothing to recognise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from worker.errors import Code, OCRError
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import language_of_text
from worker.models.page import Page, TextSource


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


def _once(page: Page) -> Iterator[Page | int]:
    yield page


def _nothing_to_draw(number: int, _folder: Path) -> Path:
    raise OCRError(f"page {number} has its text already; there is nothing to draw", retry_allowed=False)


def _no_picture() -> Image.Image | None:
    return None
