"""When the content from before a rerun is better than what that made (whole: test_attempt_reruns.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.document.reruns import Reruns
from worker.models.document import Extraction
from worker.models.file import FileType, Rerun
from worker.models.ledger import Job, StoredContent
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def extraction(*texts: str, reason: str | None = None) -> Extraction:
    pages = tuple(
        Page(number=number, text=text, source=TextSource.OCR) for number, text in enumerate(texts, start=1)
    )
    return Extraction(file_type=FileType.PDF, pages=pages, reason=reason)


WHOLE = extraction("one", "two")
PARTIAL = extraction("one", "", reason="pages_failed")
MORE = extraction("one", "two", "", reason="pages_failed")
NOTHING = extraction(reason="crashed")


def test_a_result_that_is_worse_gives_way_to_what_is_stored(world: World) -> None:
    reruns = Reruns(store=world.store, embedder=world.embedder)
    claim = world.claim(world.put("a.pdf")).claim
    cases = [
        (WHOLE, PARTIAL, True),
        (WHOLE, NOTHING, True),
        (PARTIAL, NOTHING, True),
        (MORE, PARTIAL, True),
        (PARTIAL, MORE, False),
        (PARTIAL, WHOLE, False),
        (NOTHING, PARTIAL, False),
        (NOTHING, NOTHING, False),
    ]
    for before, new, is_kept in cases:
        stored = StoredContent(content_hash="hash", artifact_key=world.store.save("hash", before))
        job = Job(message=world.message("a.pdf"), claim=claim, version=None, rerun=Rerun.ALL, stored=stored)
        kept = reruns.better_before(job, new, check=lambda: None)
        assert (kept is not None) is is_kept, (before, new)
        assert kept is None or (kept.extraction == before and kept.keeps_text)


def test_without_anything_stored_the_file_is_read(world: World) -> None:
    reruns = Reruns(store=world.store, embedder=world.embedder)
    claim = world.claim(world.put("a.pdf")).claim
    missing = StoredContent(content_hash="hash", artifact_key="artifacts/none")
    for stored in (None, missing):
        job = Job(
            message=world.message("a.pdf"), claim=claim, version=None, rerun=Rerun.VECTORS, stored=stored
        )
        assert reruns.from_stored(job, check=lambda: None) is None
        assert reruns.better_before(job, NOTHING, check=lambda: None) is None
