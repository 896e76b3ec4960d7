"""When the content from before a rerun is better than what that made (whole: test_attempt_reruns.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from worker.document.reruns import Reruns
from worker.document.unread import reason_of
from worker.models.document import Extraction
from worker.models.file import FileType, Rerun
from worker.models.ledger import Job, StoredContent
from worker.models.page import Page, TextSource
from worker.models.unread import Unread

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def extraction(*texts: str, reason: str | None = None) -> Extraction:
    pages = tuple(
        Page(number=number, text=text, source=TextSource.OCR) for number, text in enumerate(texts, start=1)
    )
    return Extraction(file_type=FileType.PDF, pages=pages, reason=reason)


def with_unread(result: Extraction, found: list[tuple[int, str]]) -> Extraction:
    """The extraction with what it lacks, and the reason that makes."""
    unread = tuple(Unread(page=page, code=code) for page, code in found)
    reason, message = reason_of(unread, result.pages)
    return replace(result, unread=unread, reason=reason, reason_message=message)


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


@pytest.mark.parametrize(
    ("before", "new", "is_kept"),
    [
        # Of the content, found by a newer reader: not read before either, but unsaid.
        ([], [(0, "attached_files")], False),
        ([], [(1, "other_script")], False),
        ([(1, "timeout")], [(1, "timeout"), (2, "other_script"), (0, "dynamic_form")], False),
        # Cosmetic: no text is missing.
        ([], [(0, "thumbnail_timeout"), (0, "attached_files")], False),
        # A limit, alone or beside what is of the content.
        ([], [(1, "network_failed")], True),
        ([], [(0, "attached_files"), (2, "timeout")], True),
        ([], [(0, "timeout")], True),
        # Damage that was read over before.
        ([], [(0, "corrupt")], True),
        ([], [(2, "corrupt")], True),
        ([(2, "corrupt")], [(2, "corrupt")], False),
        # The same limit as before, and a smaller loss.
        ([(2, "timeout")], [(2, "memory"), (0, "attached_files")], False),
        ([(1, "timeout"), (2, "timeout")], [(2, "timeout"), (0, "attached_files")], False),
    ],
)
def test_only_what_a_limit_cost_keeps_the_earlier_text(
    before: list[tuple[int, str]], new: list[tuple[int, str]], is_kept: bool, world: World
) -> None:
    reruns = Reruns(store=world.store, embedder=world.embedder)
    claim = world.claim(world.put("a.pdf")).claim
    key = world.store.save("hash", with_unread(extraction("old", "old"), before))
    stored = StoredContent(content_hash="hash", artifact_key=key)
    job = Job(message=world.message("a.pdf"), claim=claim, version=None, rerun=Rerun.ALL, stored=stored)

    kept = reruns.better_before(job, with_unread(extraction("new", "new"), new), check=lambda: None)

    assert (kept is not None) is is_kept


def test_pages_without_text_are_a_loss_only_where_a_limit_took_it(world: World) -> None:
    reruns = Reruns(store=world.store, embedder=world.embedder)
    claim = world.claim(world.put("a.pdf")).claim
    stored = StoredContent(content_hash="hash", artifact_key=world.store.save("hash", WHOLE))
    job = Job(message=world.message("a.pdf"), claim=claim, version=None, rerun=Rerun.ALL, stored=stored)
    hidden = with_unread(extraction("one", ""), [(0, "attached_files")])
    ended = with_unread(extraction("one"), [(0, "memory")])

    assert reruns.better_before(job, hidden, check=lambda: None) is None
    assert reruns.better_before(job, ended, check=lambda: None) is not None


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


def test_pages_that_could_not_be_reached_are_kept_and_those_that_were_disowned_are_not(world: World) -> None:
    reruns = Reruns(store=world.store, embedder=world.embedder)
    claim = world.claim(world.put("a.pdf")).claim
    before = with_unread(extraction("one", "two", "three", "", ""), [(4, "timeout"), (5, "timeout")])
    stored = StoredContent(content_hash="hash", artifact_key=world.store.save("hash", before))
    job = Job(message=world.message("a.pdf"), claim=claim, version=None, rerun=Rerun.ALL, stored=stored)
    now = with_unread(extraction("new", "", "", "four", "five"), [(2, "crashed"), (3, "other_script")])

    assert reruns.better_before(job, now, check=lambda: None) is None
    merged = reruns.with_pages_before(job, now, sha256="hash")
    assert [page.text for page in merged.pages] == ["new", "two", "", "four", "five"]
    assert [(each.page, each.code) for each in merged.unread] == [(3, "other_script")]
    assert merged.reason == "other_script"
    assert reruns.with_pages_before(job, now, sha256="another") == now
    whole = extraction("a", "b", "c", "d", "e")
    assert reruns.with_pages_before(job, whole, sha256="hash") == whole


def test_a_page_of_another_file_within_is_not_kept(world: World) -> None:
    reruns = Reruns(store=world.store, embedder=world.embedder)
    claim = world.claim(world.put("a.zip")).claim
    one, two = extraction("one", "two").pages
    before = replace(WHOLE, pages=(one, replace(two, member_path="a.txt", member_page=1)))
    stored = StoredContent(content_hash="hash", artifact_key=world.store.save("hash", before))
    job = Job(message=world.message("a.zip"), claim=claim, version=None, rerun=Rerun.ALL, stored=stored)
    lost = replace(two, text="", member_path="b.txt", member_page=1)
    other = with_unread(replace(WHOLE, pages=(one, lost)), [(2, "crashed")])
    same = with_unread(replace(WHOLE, pages=(one, replace(lost, member_path="a.txt"))), [(2, "crashed")])

    assert reruns.with_pages_before(job, other, sha256="hash") == other
    assert reruns.with_pages_before(job, same, sha256="hash").pages[1].text == "two"
