"""FileRow and its DynamoDB form: attribute names, and conversion in both directions.

An absent attribute means None, 0, False or "".
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from worker.models.file import FileMessage
from worker.models.ledger import Checkpoint, CheckpointManifest, CheckpointPart, State, StoredContent
from worker.models.metadata import NO_METADATA, FileMetadata
from worker.models.unread import NOTHING_UNREAD, UnreadSummary, is_limit
from worker.runtime.trace import current

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Value: TypeAlias = str | int | bool
Item: TypeAlias = "Mapping[str, AttributeValueTypeDef]"

PENDING = "pending"
"""The attribute that only rows with pending work have, and the name of the sparse index over it."""

VECTORS_ONLY = "v"
"""What the key of a row in that index begins with, when the row lacks nothing but vectors."""

EVENTS = "e"
"""What it begins with while the event of a row's end state is still to be sent."""

NOT_A_FILE = "#"
"""What only the keys of other rows contain (`worker#...`, `event#...`, `scaling#...`): a file's is a hash."""

COUNTS = ("failures", "interruptions", "crash_strikes")
"""What is counted of one version of a file."""

_OF_ONE_VERSION = (*COUNTS, "is_suspect", "checkpoint", "reason", "reason_message", "unread", "rerun")

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """One ledger row as last read.

    `pending` is the row's key in the index of pending rows, `fills` how often the replayer wrote it, and
    `event_pending` says that its end state is still to be announced.
    `boot_id` is the boot of the owner's machine; `is_isolated` says that a suspect file is processed with no
    other beside it and without progress yet, so that a death of its worker is a strike. `correlation` is the
    id the file is followed by in logs, `event_ms` when its event happened, in milliseconds since 1970,
    `first_seen_ms` when its message was sent. While `rerun` (a Rerun) is set, the pointers to stored content
    are those of this version, from before the rerun.
    """

    file_id: str
    fence: int
    state: State
    bucket: str = ""
    key: str = ""
    file_path: str = ""
    version: str | None = None
    attempt: str | None = None
    owner: str | None = None
    boot_id: str | None = None
    message_id: str | None = None
    beat: int = 0
    failures: int = 0
    interruptions: int = 0
    crash_strikes: int = 0
    is_suspect: bool = False
    is_isolated: bool = False
    checkpoint: Checkpoint | None = None
    content_hash: str | None = None
    artifact_key: str | None = None
    thumbnail_key: str | None = None
    index_pending: bool = False
    vectors_pending: bool = False
    event_pending: bool = False
    pending: str | None = None
    fills: int = 0
    file_type: str | None = None
    size_bytes: int = 0
    reason: str | None = None
    reason_message: str = ""
    unread: UnreadSummary = NOTHING_UNREAD
    pipeline_version: str | None = None
    pages: int = 0
    updated_at: str = ""
    correlation: str | None = None
    event_ms: int = 0
    first_seen_ms: int = 0
    rerun: str | None = None
    metadata: FileMetadata = NO_METADATA

    @property
    def is_finished(self) -> bool:
        """Whether the file is in an end state, with no attempt in progress."""
        return self.state is not State.PROCESSING

    @property
    def lacks_something(self) -> bool:
        """Whether its index entry or vectors are still to be written."""
        return self.index_pending or self.vectors_pending

    @property
    def met_limit(self) -> bool:
        """Whether a limit kept something from being read, also where a row of an earlier version says it."""
        return self.unread.has_limit if self.unread.counts else is_limit(self.reason)

    @property
    def has_content(self) -> bool:
        """Whether the file is finished, and the content of its version is stored."""
        is_read = self.state in (State.INDEXED, State.PARTIAL, State.NO_CONTENT)
        return is_read and bool(self.artifact_key and self.content_hash)

    @property
    def before_rerun(self) -> StoredContent | None:
        """The content from before the rerun in progress."""
        if not (self.rerun and self.artifact_key and self.content_hash):
            return None
        return StoredContent(
            content_hash=self.content_hash, artifact_key=self.artifact_key, thumbnail_key=self.thumbnail_key
        )


def pending_values(
    file_id: str, *, index: bool, vectors: bool, event: bool = False
) -> dict[str, Value | None]:
    """The attributes that record what is pending for a file."""
    return {
        PENDING: _shard(file_id, index=index, vectors=vectors, event=event),
        "index_pending": index,
        "vectors_pending": vectors,
        "event_pending": event,
    }


def event_shard(file_id: str) -> str:
    """The key of a row, and of an event that is kept, while that event is to be sent."""
    return f"{EVENTS}{file_id[:1]}"


def _shard(file_id: str, *, index: bool, vectors: bool, event: bool) -> str | None:
    # One of sixteen shards: with a single key value an outage would throttle one partition of the index.
    # Rows that lack only vectors have shards of their own: a model may be refused for weeks, and the rows
    # that cannot be found by their text must not be searched for among all the others. The event comes first:
    # it is sent at once or kept in a row of its own, and then the row is found by what else it lacks.
    if event:
        return event_shard(file_id)
    if index or vectors:
        return f"{'' if index else VECTORS_ONLY}{file_id[:1]}"
    return None


def values_of_version(
    message: FileMessage, version: str | None, seen: FileRow | None
) -> dict[str, Value | None]:
    """What a claim changes of the values that belong to one version, and end with it."""
    if seen is None or seen.version != version:
        return dict.fromkeys(_OF_ONE_VERSION)
    values: dict[str, Value | None] = dict.fromkeys(_OF_ONE_VERSION) if seen.is_finished else {}
    # What is stored of this very version must survive a rerun that fails, with its retries and takeovers.
    if message.rerun and seen.has_content:
        values["rerun"] = message.rerun.value
    if seen.rerun or values.get("rerun"):
        values["pipeline_version"] = seen.pipeline_version
    return values


def origin_of(message: FileMessage) -> dict[str, Value | None]:
    """What the replayer must know when it completes the file later: whose it is, and since when."""
    trace = current()
    event_ms = message.event_ms(first_seen_ms=trace.first_seen_ms if trace else 0)
    return {"correlation": trace.correlation if trace else None, "event_ms": event_ms or None}


def to_wire(value: Value) -> AttributeValueTypeDef:
    """A value in DynamoDB's typed form."""
    wire: AttributeValueTypeDef = _serialize(value)
    return wire


def from_wire(item: Item) -> FileRow:
    """A row as a value; attributes unknown to this version are ignored."""
    # During a deployment, newer workers may write attributes that this one does not know.
    known = {name: _plain(_deserialize(item[name])) for name in FileRow.__dataclass_fields__ if name in item}
    known["state"] = State(known["state"])
    if "checkpoint" in known:
        known["checkpoint"] = checkpoint_from_json(known["checkpoint"])
    if "unread" in known:
        known["unread"] = UnreadSummary.from_json(known["unread"])
    if "metadata" in known:
        known["metadata"] = FileMetadata.from_row(json.loads(known["metadata"]))
    return FileRow(**known)


def metadata_to_json(metadata: FileMetadata) -> str | None:
    """What is known of a file beside its content, as compact JSON; None where nothing is."""
    values = metadata.for_row()
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) if values else None


def size_bytes(item: Item) -> int:
    """The size that DynamoDB counts: names and texts in UTF-8, and numbers by their digits."""
    return sum(len(name.encode()) + sum(map(_value_bytes, value.values())) for name, value in item.items())


def _value_bytes(value: object) -> int:
    return 1 if isinstance(value, bool) else len(str(value).encode("utf-8", "replace"))


def complete_rows(items: Iterable[Item]) -> Iterator[FileRow]:
    """The items that are rows of files, as values; an item without a state is skipped."""
    # DynamoDB never shows a half-written item; moto, which is not atomic between threads, does.
    return (from_wire(item) for item in items if "state" in item and is_file(item["file_id"]["S"]))


def is_file(file_id: str) -> bool:
    """Whether a key of the table is that of a file: the table has rows of workers, too, and others."""
    return NOT_A_FILE not in file_id


def checkpoint_to_json(checkpoint: Checkpoint) -> str:
    """A checkpoint as compact JSON."""
    # The keys share a long prefix, which is stored once: every heartbeat pays for the size of the row.
    prefix = os.path.commonprefix([part.key for part in checkpoint.parts])  # noqa: RUF071 - keys are no paths
    values: dict[str, object] = {
        "version": checkpoint.version,
        "extraction_key": checkpoint.extraction_key,
        # A worker of an earlier version reads these two: it sees no pages, and starts the file over.
        "prefix": prefix,
        "parts": [[part.key[len(prefix) :], part.sha256, part.pages] for part in checkpoint.parts],
    }
    if (manifest := checkpoint.manifest) is not None:
        values["manifest"] = [manifest.key, manifest.sha256, manifest.pages]
    return json.dumps(values, separators=(",", ":"))


def first_values(fence: int, checkpoint: Checkpoint | None) -> dict[str, Value | None]:
    """The attributes of a row that nobody has claimed yet; `checkpoint` is of pages read elsewhere."""
    values: dict[str, Value | None] = {"fence": fence, "state": State.PROCESSING.value}
    if checkpoint is not None:
        values |= {"version": checkpoint.version, "checkpoint": checkpoint_to_json(checkpoint)}
    return values


def checkpoint_from_json(text: str) -> Checkpoint:
    """The inverse of `checkpoint_to_json`; understands the rows of earlier versions."""
    values = json.loads(text)
    manifest = values.get("manifest")
    return Checkpoint(
        version=values["version"],
        extraction_key=values["extraction_key"],
        manifest=CheckpointManifest(key=manifest[0], sha256=manifest[1], pages=manifest[2])
        if manifest
        else None,
        parts=tuple(
            CheckpointPart(key=values["prefix"] + key, sha256=sha256, pages=tuple(pages))
            for key, sha256, pages in values["parts"]
        ),
    )


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value
