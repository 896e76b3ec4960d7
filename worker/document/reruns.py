"""Reruns: what is stored of a file from before its rerun, and when it is better than what the rerun made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from worker.document.artifacts import ArtifactStore
from worker.document.embedder import Embedder
from worker.document.processed_content import ProcessedContent
from worker.document.unread import reason_of, unread_of
from worker.errors import Code, WorkerError
from worker.models.document import Extraction
from worker.models.ledger import Job, StoredContent
from worker.models.unread import Unread

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
        # Without its message, which names files within the document.
        return self.before(job.stored, new.reason, check=check)

    def with_pages_before(self, job: Job, new: Extraction, *, sha256: str) -> Extraction:
        """The extraction with those pages from before the rerun that it could not come to this time."""
        if job.stored is None or new.reason is None or job.stored.content_hash != sha256:
            return new
        earlier = self.store.open(job.stored.artifact_key, job.stored.thumbnail_key)
        if earlier is None or earlier.file_type is not new.file_type:
            return new
        return _merge(new, earlier)

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


def _merge(new: Extraction, earlier: Extraction) -> Extraction:
    """The new pages, and in the place of those that a limit or damage cost text the earlier ones.

    What a newer reader has found to be no text stays so.
    """
    news, earliers = _read_shares(new), _read_shares(earlier)
    places = {page.number: (page.member_path, page.member_page) for page in new.pages}
    kept = {
        page.number: page
        for page in earlier.pages
        if news.of(page.number) < earliers.of(page.number)
        and places.get(page.number, (page.member_path, page.member_page))
        == (page.member_path, page.member_page)
    }
    if not kept:
        return new
    pages = {page.number: page for page in new.pages} | kept
    members = {each.first_page: each for each in (*earlier.members, *new.members)}
    in_order = tuple(pages[number] for number in sorted(pages))
    unread = (
        *(each for each in new.unread if each.page not in kept),
        *(each for each in earlier.unread if each.page in kept),
    )
    reason, message = reason_of(unread, in_order)
    return replace(
        new,
        pages=in_order,
        unread=unread,
        reason=reason.value if reason else None,
        reason_message=message,
        members=tuple(members[first] for first in sorted(members) if first in pages),
    )


def _is_worse_by_limit(new: Extraction, earlier: Extraction) -> bool:
    """Whether a limit, or damage that was read over before, cost the new one more than it has gained.

    What else it lacks by the content, a newer reader has noticed; the earlier one lacks it unsaid.
    """
    news, earliers = _read_shares(new), _read_shares(earlier)
    change = 0
    for page in news.shares.keys() | earliers.shares.keys():
        now, before = news.of(page), earliers.of(page)
        change += (now > before) - (now < before)
    return change < 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _ReadShares:
    """How much limits and damage left of each page, 0 being the document; `other` is for pages unknown."""

    shares: Mapping[int, int]
    other: int

    def of(self, page: int) -> int:
        return self.shares.get(page, self.other)


_NONE, _SOME, _ALL = range(3)


def _costs_text(unread: Unread) -> bool:
    return unread.code == Code.CORRUPT or (unread.is_by_limit and not unread.is_cosmetic)


def _read_shares(extraction: Extraction) -> _ReadShares:
    codes = [extraction.reason] if extraction.reason is not None else []
    # One of a version that kept no list has its reasons only.
    unread = extraction.unread or unread_of(codes, extraction.pages)
    cut = {each.page for each in unread if _costs_text(each)}
    # What cut the document as a whole may have kept any page from being read.
    other = _NONE if _DOCUMENT in cut else _ALL
    shares = {_DOCUMENT: other}
    for page in extraction.pages:
        if page.number in cut:
            shares[page.number] = _SOME if page.text else _NONE
        else:
            shares[page.number] = _ALL if page.text else other
    return _ReadShares(shares=shares, other=other)
