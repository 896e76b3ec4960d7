"""A document: what was extracted from a file, its vectors, and what the index receives."""

from __future__ import annotations

from dataclasses import dataclass

from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.member import Member
from worker.models.metadata import NO_METADATA, NO_PROPERTIES, FileMetadata, Properties
from worker.models.page import Page
from worker.models.unread import Unread


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """All that was extracted from one file. `reason` is a code; None means all of it was extracted.

    `thumbnail` is WebP; `picture` is the JPEG to embed. A document with a reason and no page text
    has no content; with a reason and text it is partial. `unread` is all that is missing, also what is
    cosmetic and makes no reason; `properties` is what the content says of itself. `members` are the files
    within it, in the order of their pages.
    """

    file_type: FileType
    pages: tuple[Page, ...] = ()
    reason: str | None = None
    reason_message: str = ""
    thumbnail: bytes | None = None
    picture: bytes | None = None
    unread: tuple[Unread, ...] = ()
    properties: Properties = NO_PROPERTIES
    members: tuple[Member, ...] = ()

    @property
    def state(self) -> State:
        """`indexed`, `partial` or `no_content`, by the reason and the text."""
        if self.reason is None:
            return State.INDEXED
        return State.PARTIAL if any(page.text for page in self.pages) else State.NO_CONTENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Vectors:
    """The embeddings of one file; `pending` means that some must still be requested."""

    image: tuple[float, ...] | None = None
    image_model: str | None = None
    text: tuple[tuple[float, ...], ...] = ()
    text_model: str | None = None
    pending: bool = False


NO_VECTORS = Vectors()


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What the index receives for one file."""

    file_id: str
    bucket: str
    key: str
    file_name: str
    file_path: str
    size_bytes: int
    file_type: FileType
    state: State
    pages: tuple[Page, ...] = ()
    reason: str | None = None
    reason_message: str = ""
    unread: tuple[Unread, ...] = ()
    content_hash: str | None = None
    thumbnail_key: str | None = None
    artifact_key: str | None = None
    vectors: Vectors = NO_VECTORS
    thumbnail: bytes | None = None
    indexed_at: str = ""
    metadata: FileMetadata = NO_METADATA

    @property
    def language(self) -> str | None:
        """The language most of the text is in, counted in characters."""
        counts: dict[str, int] = {}
        for page in self.pages:
            if page.language:
                counts[page.language] = counts.get(page.language, 0) + len(page.text)
        return max(counts, key=lambda name: counts[name], default=None)

    @property
    def confidence(self) -> float | None:
        """Mean OCR confidence (0..100) of the OCRed pages, weighted by the length of their text."""
        ocred = [page for page in self.pages if page.confidence is not None and page.text]
        weight = sum(len(page.text) for page in ocred)
        if not weight:
            return None
        return round(sum((page.confidence or 0.0) * len(page.text) for page in ocred) / weight, 1)

    @property
    def text_sources(self) -> tuple[str, ...]:
        """The distinct sources of the pages' text, sorted."""
        return tuple(sorted({page.source.value for page in self.pages}))

    @property
    def text_chars(self) -> int:
        """Characters of text in all pages."""
        return sum(len(page.text) for page in self.pages)
