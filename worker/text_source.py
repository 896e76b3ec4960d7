"""Where a page's text came from: one word, kept in artifacts and index, counted in metrics."""

from __future__ import annotations

from enum import StrEnum


class TextSource(StrEnum):
    """Where a page's text came from, or why it has none.

    `mixed` is a text layer followed by what was recognised in the page's pictures. A `blank` page shows
    nothing; a page that is `not_read` had no recognition because the document has too many such pages.
    """

    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    MIXED = "mixed"
    FILE = "file"
    BLANK = "blank"
    NOT_READ = "not_read"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    FAILED = "failed"

    @property
    def failed(self) -> bool:
        """Whether the page is empty because reading it failed."""
        return self in (TextSource.TIMED_OUT, TextSource.CRASHED, TextSource.FAILED)

    @property
    def recognised(self) -> bool:
        """Whether there is recognised text in the page's."""
        return self in (TextSource.OCR, TextSource.MIXED)
