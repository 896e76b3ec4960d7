"""A thumbnail that a limit cut is drawn anew when its file, or a copy of it, comes again: no page is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.pending_documents import indexed_document, picture, work
from tests.unit.test_attempt_reruns import page_counts, rerun
from worker.errors import Code
from worker.models.ledger import State
from worker.models.unread import Unread

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

KEY = "a.png"


def cut_thumbnail(world: World) -> None:
    """Leave of the file what an attempt leaves whose preview met a limit."""
    work(world, KEY, picture("red"))
    row = world.row(KEY)
    extraction = world.store.open(row.artifact_key or "", row.thumbnail_key)
    assert extraction is not None
    assert extraction.thumbnail
    world.clients.s3.delete_object(Bucket="results", Key=row.thumbnail_key or "")
    unread = (*extraction.unread, Unread(page=0, code=Code.THUMBNAIL_TIMEOUT.value))
    world.store.save(row.content_hash or "", replace(extraction, thumbnail=None, unread=unread))
    rerun(world, "index", KEY)
    assert world.row(KEY).unread.counts["thumbnail_timeout"] == 1


def assert_drawn(world: World, key: str) -> None:
    row = world.row(key)
    stored = world.store.open(row.artifact_key or "", row.thumbnail_key)
    assert stored is not None
    assert stored.thumbnail
    assert "thumbnail_timeout" not in {each.code for each in stored.unread}
    assert "thumbnail_timeout" not in row.unread.counts
    assert row.state is not State.PROCESSING
    assert indexed_document(world, key).thumbnail_key == row.thumbnail_key


def test_the_same_file_at_its_next_event(live: World) -> None:
    cut_thumbnail(live)
    pages = page_counts(live)
    live.announce(KEY)
    live.work()
    assert_drawn(live, KEY)
    assert page_counts(live) == pages


def test_a_copy_of_the_file(live: World) -> None:
    cut_thumbnail(live)
    pages = page_counts(live)
    work(live, "copy.png", picture("red"))
    assert_drawn(live, "copy.png")
    assert page_counts(live) == pages


def test_what_was_drawn_is_not_drawn_again(live: World) -> None:
    cut_thumbnail(live)
    live.announce(KEY)
    live.work()
    fence = live.row(KEY).fence
    live.announce(KEY)
    live.work()
    assert live.row(KEY).fence == fence
