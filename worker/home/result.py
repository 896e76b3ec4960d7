"""The result of one file of a user: one line of `cis-worker ingest --json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from worker.errors import Code
from worker.models.document import Document
from worker.models.ledger import State

if TYPE_CHECKING:
    # Importing boto3 would cost a plan more than the plan.
    from worker.aws.ledger_row import FileRow

FAILED = "failed"
"""The state of a file that could not be read from the disk; no worker received it."""

_TROUBLE = frozenset({Code.CRASHED, Code.INVALID_CHILD_MESSAGE, Code.MEMORY, Code.TIMEOUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The end of one file, in this run or (`skipped`) in an earlier one.

    `state` is a State, or `failed` with the reason in words. `seconds` is from the moment a worker
    received it; 0 for what was skipped. `file_type` is None where it was not detected.
    """

    file_path: str
    file_id: str
    state: str
    reason: str | None = None
    file_type: str | None = None
    pages: int = 0
    text_chars: int = 0
    language: str | None = None
    confidence: float | None = None
    text_sources: tuple[str, ...] = ()
    seconds: float = 0.0
    skipped: bool = False

    @property
    def has_trouble(self) -> bool:
        """Whether it was dead-lettered, or hit a limit: then the command exits with status 1."""
        return is_trouble(self.state, self.reason)

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values, for JSON."""
        return asdict(self)


def is_trouble(state: str, reason: str | None) -> bool:
    """Whether a file was dead-lettered, or ended in crashed, memory, timeout or invalid_child_message."""
    return state == State.DEAD_LETTERED or reason in _TROUBLE


def from_document(document: Document, *, path: str, seconds: float = 0.0, skipped: bool = False) -> Result:
    """The result of a document in the index."""
    return Result(
        file_path=path,
        file_id=document.file_id,
        state=document.state.value,
        reason=document.reason,
        file_type=document.file_type.value,
        pages=len(document.pages),
        text_chars=document.text_chars,
        language=document.language,
        confidence=document.confidence,
        text_sources=document.text_sources,
        seconds=round(seconds, 2),
        skipped=skipped,
    )


def from_row(row: FileRow, *, path: str, seconds: float) -> Result:
    """The result of a file that the index does not hold: tombstoned or dead-lettered."""
    return Result(
        file_path=path,
        file_id=row.file_id,
        state=row.state.value,
        reason=row.reason,
        pages=row.pages,
        seconds=round(seconds, 2),
    )
