"""The values that pass through the worker, in the order of the flow.

    FileMessage -> Job -> LocalFile -> FileType -> Page, Page, ... -> Extraction -> Document -> State

All are frozen, keyword-only and slotted; units are in the names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from worker.file_types import FileType as FileType  # noqa: PLC0414  (everyone takes the values of the flow from here)
from worker.text_source import TextSource as TextSource  # noqa: PLC0414  (the values of the flow are taken from here)


class EventType(StrEnum):
    """What a queue message says happened. It only says "look": the object itself decides."""

    FILE_UPLOADED = "FILE_UPLOADED"
    FILE_DELETED = "FILE_DELETED"
    FILE_MOVED = "FILE_MOVED"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMessage:
    """One file named by a queue message (`events.parse` makes one for each record of a body)."""

    event_type: EventType
    bucket: str
    key: str
    size_bytes: int | None = None
    uploaded_at: str | None = None
    mime_type: str | None = None
    original_path: str | None = None
    previous_key: str | None = None
    version_id: str | None = None
    sequencer: str | None = None

    @property
    def file_id(self) -> str:
        """Identity of the file: see `file_id`."""
        return file_id(self.bucket, self.key)

    @property
    def display_path(self) -> str:
        """The path people know: where the file came from, else its key."""
        return self.original_path or self.key


def file_id(bucket: str, key: str) -> str:
    """SHA-256 (hex) of bucket, NUL, key, with the key's bytes as given."""
    return hashlib.sha256(bucket.encode() + b"\0" + key.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectVersion:
    """What the source bucket holds under a key right now (from HEAD or from the GET itself)."""

    etag: str
    size_bytes: int
    version_id: str | None = None
    original_path: str | None = None

    @property
    def version(self) -> str:
        """VersionId where the bucket keeps versions, else ETag and size."""
        if self.version_id and self.version_id != "null":
            return self.version_id
        return f"{self.etag}-{self.size_bytes}"


class State(StrEnum):
    """Where a file stands in the ledger; every file ends in one of all but the first."""

    PROCESSING = "processing"
    INDEXED = "indexed"
    PARTIAL = "partial"
    NO_CONTENT = "no_content"
    TOMBSTONED = "tombstoned"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointPart:
    """One stored run of finished pages: the object's key and the SHA-256 of its bytes."""

    key: str
    sha256: str
    pages: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """Pointer to the finished pages of an unfinished document; kept in the ledger row."""

    version: str
    extraction_key: str
    parts: tuple[CheckpointPart, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The right to write one file's result: valid while the ledger row holds this fence."""

    file_id: str
    fence: int
    attempt: str
    message_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One file, claimed, with what is known of it before any byte is read."""

    message: FileMessage
    claim: Claim
    version: ObjectVersion | None
    checkpoint: Checkpoint | None = None
    failures: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    """The downloaded bytes: where they are and what they hash to (hex)."""

    path: str
    sha256: str
    version: ObjectVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page's text. `number` starts at 1; `confidence` is 0..100, None where nothing was recognised.

    `words` is a JSON array of [text, left, top, width, height, confidence] in pixels of a picture
    `width_px` x `height_px`; it stays text because nobody between the recogniser and the stored
    artifact looks inside. `ocr_s` is the wall time of the recognition, which `engine` did, with its model.
    `layer_reason` says why a PDF's text layer was doubted, and `layer_text` is that layer where it is not
    in `text`; it is kept for people and never searched.
    """

    number: int
    text: str
    source: TextSource
    language: str | None = None
    confidence: float | None = None
    words: str = "[]"
    width_px: int = 0
    height_px: int = 0
    ocr_s: float = 0.0
    reason: str | None = None
    layer_text: str | None = None
    layer_reason: str | None = None
    engine: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The page as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Page:
        """A page from plain values; raises KeyError, TypeError or ValueError on others' rubbish."""
        return cls(
            number=int(values["number"]),
            text=str(values["text"]),
            source=TextSource(values["source"]),
            language=_text_or_none(values["language"]),
            confidence=None if values["confidence"] is None else float(values["confidence"]),
            words=str(values["words"]),
            width_px=int(values["width_px"]),
            height_px=int(values["height_px"]),
            ocr_s=float(values["ocr_s"]),
            reason=_text_or_none(values["reason"]),
            layer_text=_text_or_none(values.get("layer_text")),
            layer_reason=_text_or_none(values.get("layer_reason")),
            engine=_text_or_none(values.get("engine")),  # artifacts of version 1 have none
        )


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """All that was read from one file. `reason` is a code; None means all of it was read.

    `thumbnail` is WebP; `picture` is the JPEG to embed. A document with a reason and no page text
    has no content; with a reason and text it is partial.
    """

    file_type: FileType
    pages: tuple[Page, ...] = ()
    reason: str | None = None
    reason_message: str = ""
    thumbnail: bytes | None = None
    picture: bytes | None = None

    @property
    def state(self) -> State:
        """`indexed`, `partial` or `no_content`, from the reason and the text there is."""
        if self.reason is None:
            return State.INDEXED
        return State.PARTIAL if any(page.text for page in self.pages) else State.NO_CONTENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Vectors:
    """The embeddings of one file; `pending` says that the service must still be asked."""

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
    content_hash: str | None = None
    thumbnail_key: str | None = None
    artifact_key: str | None = None
    vectors: Vectors = NO_VECTORS
    thumbnail: bytes | None = None
    indexed_at: str = ""

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
        """Mean recognition confidence (0..100) of the recognised pages, weighted by their text."""
        read = [page for page in self.pages if page.confidence is not None and page.text]
        weight = sum(len(page.text) for page in read)
        if not weight:
            return None
        return round(sum((page.confidence or 0.0) * len(page.text) for page in read) / weight, 1)

    @property
    def text_sources(self) -> tuple[str, ...]:
        """The distinct sources of the pages' text, sorted."""
        return tuple(sorted({page.source.value for page in self.pages}))

    @property
    def text_chars(self) -> int:
        """Characters of text in all pages."""
        return sum(len(page.text) for page in self.pages)
