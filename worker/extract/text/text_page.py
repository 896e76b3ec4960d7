"""Pages whose text is in the file itself, and which need no OCR."""

from __future__ import annotations

from pathlib import Path

from worker.errors import Code, OCRError
from worker.extract.page_source import PageSource, no_preview
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import language_of_text
from worker.models.page import Page, TextSource


def one_page(text: str, options: ReadOptions) -> PageSource:
    """A document of one page that needs no OCR, cut at `max_text_chars`."""
    page = file_page(1, text, options)
    return PageSource(
        page_count=1, pages=iter((page,)), render=refuse_render, preview=no_preview, is_read=True
    )


def file_page(number: int, text: str, options: ReadOptions, *, reason: Code | None = None) -> Page:
    """A page whose text is in the file, cut at `max_text_chars`; `reason` says what is missing of it."""
    limit_chars = options.limits.max_text_chars
    page_text = text[:limit_chars]
    if len(text) > limit_chars:
        reason = Code.TOO_LARGE
    return Page(
        number=number,
        text=page_text,
        source=TextSource.FILE,
        language=language_of_text(page_text),
        reason=reason.value if reason else None,
    )


def refuse_render(number: int, _folder: Path) -> Path:
    """The drawing of a page that has none. Raises OCRError."""
    raise OCRError(f"page {number} has its text in the file; there is nothing to draw", retry_allowed=False)
