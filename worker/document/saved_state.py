"""The state of documents in progress as one value: which finished pages are checkpointed, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import checkpoint_from_json, checkpoint_to_json
from worker.document.artifacts import ArtifactStore
from worker.models.ledger import Claim

_log = structlog.get_logger(__name__)


def to_state(claims: Iterable[Claim], table: FileTable) -> dict[str, str]:
    """The checkpoints of claimed files by file_id, as the ledger has them. Raises WorkerError."""
    state: dict[str, str] = {}
    for claim in claims:
        row = table.read(claim.file_id)
        if row is not None and row.checkpoint is not None:
            state[claim.file_id] = checkpoint_to_json(row.checkpoint)
    return state


def load_state(state: Mapping[str, str], store: ArtifactStore) -> dict[str, tuple[int, ...]]:
    """The pages by file_id that such a state still gives: read with these settings, and unaltered.

    Raises WorkerError where the store does not answer.
    """
    pages: dict[str, tuple[int, ...]] = {}
    for file_id, text in state.items():
        try:
            checkpoint = checkpoint_from_json(text)
        except (AttributeError, KeyError, TypeError, ValueError):
            # Its pages are read again: a checkpoint saves work, and no result depends on one.
            _log.warning("state_unreadable", file=str(file_id))
            continue
        usable = checkpoint.extraction_key == store.extraction_key
        loaded = store.load_pages(checkpoint) if usable else []
        pages[file_id] = tuple(page.number for page in loaded)
    return pages
