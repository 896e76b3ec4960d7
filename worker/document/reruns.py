"""Reruns: what is stored of a file from before its rerun, and when it is better than what the rerun made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.document.artifacts import ArtifactStore
from worker.document.embedder import Embedder
from worker.document.processed_content import ProcessedContent
from worker.errors import WorkerError
from worker.models.document import Extraction
from worker.models.ledger import Job, State, StoredContent

_RANKS = {State.INDEXED: 2, State.PARTIAL: 1}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reruns:
    """Content of earlier attempts; the stores are those of the processor."""

    store: ArtifactStore
    embedder: Embedder

    def from_stored(self, job: Job, *, check: Callable[[], None]) -> ProcessedContent | None:
        """The content of a rerun that needs no file; None where the file must be read.

        Raises the error of the service where new vectors cannot be had now: the rerun is tried again later.
        """
        if job.rerun is None or job.rerun.needs_file:
            return None
        errors: list[WorkerError] = []
        is_fresh = job.rerun.embeds
        content = self._load(job.stored, check=check, on_failure=errors.append, is_fresh=is_fresh)
        if errors and is_fresh:
            raise errors[0]
        return content

    def before(
        self, stored: StoredContent | None, reason: str, *, check: Callable[[], None] = lambda: None
    ) -> ProcessedContent | None:
        """The content from before a rerun that failed; None where there is none, or it cannot be read."""
        content = self._load(stored, check=check)
        if content is not None:
            _log.warning("rerun_failed", reason=reason, kept=content.extraction.state.value)
        return content

    def better_before(
        self, job: Job, new: Extraction, *, check: Callable[[], None]
    ) -> ProcessedContent | None:
        """The content from before the rerun, where the rerun made less of the same file; None elsewhere."""
        if job.stored is None or new.reason is None:
            return None
        earlier = self.store.open(job.stored.artifact_key, job.stored.thumbnail_key)
        if earlier is None or _rank(earlier) < _rank(new):
            return None
        # Of two partial texts the new one was asked for, unless it has lost pages, or parts of them.
        if _rank(earlier) == _rank(new) and _completeness(earlier) <= _completeness(new):
            return None
        return self.before(job.stored, f"{new.reason}: {new.reason_message}", check=check)

    def _load(
        self,
        stored: StoredContent | None,
        *,
        check: Callable[[], None],
        on_failure: Callable[[WorkerError], None] = lambda _: None,
        is_fresh: bool = False,
    ) -> ProcessedContent | None:
        if stored is None:
            return None
        extraction = self.store.open(stored.artifact_key, stored.thumbnail_key)
        if extraction is None:
            return None
        return ProcessedContent(
            extraction=extraction,
            vectors=self.embedder.embed(
                stored.content_hash, extraction, check=check, on_failure=on_failure, is_fresh=is_fresh
            ),
            sha256=stored.content_hash,
            artifact_key=stored.artifact_key,
            thumbnail_key=stored.thumbnail_key,
            keeps_text=True,
        )


def _rank(extraction: Extraction) -> int:
    return _RANKS.get(extraction.state, 0)


def _completeness(extraction: Extraction) -> tuple[int, int]:
    readable = sum(1 for page in extraction.pages if page.text)
    return readable, -sum(not each.is_cosmetic for each in extraction.unread)
