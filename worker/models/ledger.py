"""The ledger: the state of a file, the claim on it, its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from worker.models.file import FileMessage, FileType, ObjectVersion, OpenObject, Rerun
from worker.models.metadata import NO_METADATA, FileMetadata
from worker.models.unread import NOTHING_UNREAD, UnreadSummary


class State(StrEnum):
    """State of a file in the ledger; every file ends in one of them other than `processing`."""

    PROCESSING = "processing"
    INDEXED = "indexed"
    PARTIAL = "partial"
    NO_CONTENT = "no_content"
    TOMBSTONED = "tombstoned"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredContent:
    """Where the content of a file is stored: the SHA-256 of its bytes, and the keys of the objects."""

    content_hash: str
    artifact_key: str
    thumbnail_key: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointPart:
    """One stored run of finished pages: the object's key and the SHA-256 of its bytes."""

    key: str
    sha256: str
    pages: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointManifest:
    """The object that lists a checkpoint's parts, the SHA-256 of its bytes, and the number of pages."""

    key: str
    sha256: str
    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """Pointer to the finished pages of an unfinished document; kept in the ledger row.

    `parts` are in the rows of earlier versions, which had no manifest.
    """

    version: str
    extraction_key: str
    manifest: CheckpointManifest | None = None
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
    """One claimed file, with what is known of it before its download.

    It is suspect when a worker died while it held the file, and has not shown since that it can be read.
    `rerun` is what to make again; `stored` then is what an earlier attempt on this same version left, which a
    rerun that fails must not lose. `opened` is the object where the claim has opened it already; it is closed
    with the attempt. `metadata` is what the ledger knew of the file before.
    """

    message: FileMessage
    claim: Claim
    version: ObjectVersion | None
    checkpoint: Checkpoint | None = None
    failures: int = 0
    crash_strikes: int = 0
    is_suspect: bool = False
    rerun: Rerun | None = None
    stored: StoredContent | None = None
    opened: OpenObject | None = None
    metadata: FileMetadata = NO_METADATA


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """The end of one file's processing, as the ledger stores it. `state` is an end state.

    `file_path` is the path that was indexed, where it differs from the one of the claim's message. With
    `keeps_text` its text is that of before, and so is the pipeline version.
    """

    state: State
    reason: str | None = None
    reason_message: str = ""
    content_hash: str | None = None
    artifact_key: str | None = None
    thumbnail_key: str | None = None
    pages: int = 0
    index_pending: bool = False
    vectors_pending: bool = False
    file_path: str = ""
    file_type: FileType | None = None
    size_bytes: int = 0
    keeps_text: bool = False
    unread: UnreadSummary = NOTHING_UNREAD
    metadata: FileMetadata = NO_METADATA
