"""Reruns: what is stored of a file from before its rerun, and when it is better than what the rerun made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from worker.document.artifacts import ArtifactStore
from worker.document.embedder import Embedder
from worker.document.processed_content import ProcessedContent
from worker.document.unread import unread_of
from worker.errors import WorkerError
from worker.models.document import Extraction
from worker.models.ledger import Job, StoredContent

_DOCUMENT = 0  # stands in for a page number where the whole document is meant

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
        """The content from before the rerun, where a limit made less of the same file; None elsewhere."""
        if job.stored is None or new.reason is None:
            return None
        earlier = self.store.open(job.stored.artifact_key, job.stored.thumbnail_key)
        if earlier is None or not _is_worse_by_limit(new, earlier):
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


def _is_worse_by_limit(new: Extraction, earlier: Extraction) -> bool:
    """Whether a limit cost the new one more than it has gained.

    What it lacks by the content alone, a newer reader has noticed; the earlier one lacks it unsaid.
    """
    news, earliers = _read_shares(new), _read_shares(earlier)
    change = 0
    for page in news.shares.keys() | earliers.shares.keys():
        now, before = news.of(page), earliers.of(page)
        change += (now > before) - (now < before)
    return change < 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _ReadShares:
    """How much of each page the limits have left, page 0 being the document; `other` is for pages unknown."""

    shares: Mapping[int, int]
    other: int

    def of(self, page: int) -> int:
        return self.shares.get(page, self.other)


_NONE, _SOME, _ALL = range(3)


def _read_shares(extraction: Extraction) -> _ReadShares:
    codes = [extraction.reason] if extraction.reason is not None else []
    # One of a version that kept no list has its reasons only.
    unread = extraction.unread or unread_of(codes, extraction.pages)
    cut = {each.page for each in unread if each.is_by_limit and not each.is_cosmetic}
    # What cut the document as a whole may have kept any page from being read.
    other = _NONE if _DOCUMENT in cut else _ALL
    shares = {_DOCUMENT: other}
    for page in extraction.pages:
        if page.number in cut:
            shares[page.number] = _SOME if page.text else _NONE
        else:
            shares[page.number] = _ALL if page.text else other
    return _ReadShares(shares=shares, other=other)
