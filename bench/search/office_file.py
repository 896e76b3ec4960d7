"""A generated file as the index receives it, and what it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

BUCKET = "office"


def without_breaks(text: str) -> str:
    """The text without the white space beside characters that are not ASCII, which layout puts there."""
    return re.sub(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])", "", text)


@dataclass(frozen=True, kw_only=True)
class OfficeFile:
    """One file. `truth` is what a person reads in it, `pages` what was extracted.

    `things` are what it holds whatever its spelling, such as a date or a person.
    """

    file_id: str
    path: str
    truth: str
    pages: tuple[str, ...]
    is_ocr: bool
    language: str
    things: frozenset[str]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def reads(self, text: str) -> bool:
        """Whether a person reads this text in it or in its name."""
        sought = without_breaks(text).casefold()
        return sought in self._folded_truth or sought in self.name.casefold()

    def holds(self, word: str) -> bool:
        """Whether the extracted text has this word, letter by letter."""
        return word.casefold() in self._folded_text

    @cached_property
    def _folded_truth(self) -> str:
        return without_breaks(self.truth).casefold()

    @cached_property
    def _folded_text(self) -> str:
        return "\f".join(without_breaks(page).casefold() for page in self.pages)

    @property
    def document(self) -> Document:
        """The file as it is written to an index."""
        source = TextSource.OCR if self.is_ocr else TextSource.TEXT_LAYER
        pages = tuple(
            Page(
                number=number,
                text=text,
                source=source,
                language=self.language,
                confidence=88.0 if self.is_ocr else None,
            )
            for number, text in enumerate(self.pages, start=1)
        )
        return Document(
            file_id=self.file_id,
            bucket=BUCKET,
            key=self.path.lstrip("/"),
            file_name=self.name,
            file_path=self.path,
            size_bytes=sum(len(page.encode()) for page in self.pages),
            file_type=FileType(self.path.rpartition(".")[2]),
            state=State.INDEXED,
            pages=pages,
        )
