"""DocumentEvent: what is announced of a document that reached an end state.

The schema is `docs/schemas/document-event-1.0.json`; docs/events.md says how it may change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from worker.aws.ledger_row import FileRow

SCHEMA_VERSION = "1.0"
SOURCE = "cis-worker"

# As JSON in ASCII a character takes up to twelve bytes: the largest event is far below every target's limit.
_PATH_CHARS = 2_000
_KEY_CHARS = 1_024
_TEXT_CHARS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentEvent:
    """One event as it is sent: `text` is its JSON, in ASCII.

    `event_id` is the same however often it is sent, so that a receiver can leave out copies.
    """

    event_id: str
    event_type: str
    file_id: str
    correlation: str
    text: str

    @classmethod
    def from_row(cls, row: FileRow) -> DocumentEvent:
        """The event of a row in an end state."""
        event_id = f"{row.file_id}-{row.fence}-{row.state.value}"
        event_type = f"document.{row.state.value}"
        values = {
            "schema_version": SCHEMA_VERSION,
            "id": event_id,
            "type": event_type,
            "time": row.updated_at,
            "file": {
                "id": row.file_id,
                "bucket": row.bucket,
                "key": row.key[:_KEY_CHARS],
                "path": row.file_path[:_PATH_CHARS] or row.key[:_PATH_CHARS],
                "type": row.file_type,
                "size_bytes": row.size_bytes,
            },
            "version": row.version,
            "fence": row.fence,
            "state": row.state.value,
            "reason": row.reason,
            "reason_message": row.reason_message[:_TEXT_CHARS],
            "unread": dict(row.unread.counts),
            "pages": row.pages,
            "content_hash": row.content_hash,
            "index_pending": row.index_pending,
            "vectors_pending": row.vectors_pending,
            "correlation": row.correlation or row.message_id or row.file_id,
        }
        return cls._make(values, json.dumps(values, separators=(",", ":")))

    @classmethod
    def from_text(cls, text: str) -> DocumentEvent:
        """The event that a text is of."""
        return cls._make(json.loads(text), text)

    @classmethod
    def _make(cls, values: Mapping[str, object], text: str) -> DocumentEvent:
        file = values["file"]
        return cls(
            event_id=str(values["id"]),
            event_type=str(values["type"]),
            file_id=str(file["id"]) if isinstance(file, Mapping) else "",
            correlation=str(values["correlation"]),
            text=text,
        )
