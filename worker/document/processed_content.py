"""The result of a file's content, before it is written to the index and the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from worker.errors import RejectedError
from worker.models.document import NO_VECTORS, Extraction, Vectors
from worker.models.file import FileType


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessedContent:
    """What was extracted and embedded, and where it is stored.

    `checkpointed` means that there are checkpoint objects to remove.
    """

    extraction: Extraction
    vectors: Vectors = NO_VECTORS
    sha256: str | None = None
    artifact_key: str | None = None
    checkpointed: bool = False


def no_content(error: RejectedError) -> ProcessedContent:
    """The content of a file that was rejected before anything was extracted."""
    return ProcessedContent(
        extraction=Extraction(
            file_type=FileType.UNSUPPORTED, reason=error.code.value, reason_message=str(error)
        )
    )
