"""What a dead-lettered file leaves in ledger and index: its reason, and nothing that is no longer true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.unit.dead_letter_messages import dead_letters, make_visible, metric
from tests.unit.index_lock import index_locked
from tests.unit.pending_documents import RejectingIndex, indexed_document, pending_flags
from worker.models.document import Vectors
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

RED = (1.0,) + (0.0,) * 1023


class Refused:
    """An answer without a body, as to a HEAD."""

    def stream(self, *_: Any, **__: Any) -> list[bytes]:
        return []


def refuse_heads(world: World) -> None:
    """S3 answers each HEAD with 403 from now on."""

    def refuse(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, 403, HTTPHeaders(), Refused())

    world.clients.s3.meta.events.register_first("before-send.s3.HeadObject", refuse)


def index_first_version(live: World, key: str) -> None:
    """The file is indexed, with text and picture."""
    live.put(key, b"the old words")
    live.announce(key)
    live.work()
    document = indexed_document(live, key)
    row = live.row(key)
    live.index.index_document(replace(document, vectors=Vectors(image=RED)), version=row.fence)
    assert live.index.search("old words").total == 1
    assert len(live.index.similar(RED)) == 1


def work_until_dead_lettered(world: World) -> None:
    """Attempts until nothing is left on the queue, at most ten."""
    for _ in range(10):
        world.work()
        if not world.waiting():
            return
        world.clock.now += 1_000
        make_visible(world)


def assert_found_by_name_with(world: World, key: str, reason: str) -> None:
    document = indexed_document(world, key)
    assert (document.state, document.reason, document.pages) == (State.DEAD_LETTERED, reason, ())
    (hit,) = world.index.search(key).hits
    assert (hit.page, hit.state, hit.reason) == (0, State.DEAD_LETTERED, reason)
    assert world.index.search("old words").total == 0
    assert world.index.similar(RED) == []


def test_a_refused_head_leaves_neither_an_indexed_row_nor_the_old_text(live: World) -> None:
    index_first_version(live, "a.txt")
    fence = live.row("a.txt").fence
    refuse_heads(live)
    live.announce("a.txt")
    work_until_dead_lettered(live)
    row = live.row("a.txt")
    assert (row.state, row.content_hash, row.artifact_key) == (State.DEAD_LETTERED, None, None)
    assert row.fence > fence
    assert_found_by_name_with(live, "a.txt", row.reason or "")
    assert len(dead_letters(live)) == 1
    assert metric(live, f'cis_documents_total{{reason="{row.reason}",state="dead_lettered"}} 1.0')


def test_a_second_version_that_the_index_rejects_replaces_the_first(live: World) -> None:
    index_first_version(live, "a.txt")
    live.put("a.txt", b"the new words")
    live.announce("a.txt")
    live.attempts.processor = _with_index(live, RejectingIndex(live.work_root / "index.sqlite3"))
    work_until_dead_lettered(live)
    row = live.row("a.txt")
    # One fence for each attempt: it may be the index's own fault for a while.
    assert (row.state, row.fence) == (State.DEAD_LETTERED, 4)
    assert_found_by_name_with(live, "a.txt", row.reason or "")


def test_a_file_that_was_never_claimed_is_found_by_its_name(world: World) -> None:
    refuse_heads(world)
    world.announce("share/予算.txt")
    work_until_dead_lettered(world)
    row = world.row("share/予算.txt")
    assert row.state is State.DEAD_LETTERED
    assert_found_by_name_with(world, "share/予算.txt", row.reason or "")


def test_a_row_that_stays_unwritten_sends_no_second_document_and_no_lie(live: World) -> None:
    index_first_version(live, "a.txt")
    refuse_heads(live)
    live.announce("a.txt")
    live.fail("sqs", "SendMessage", times=30)
    live.work()
    assert live.row("a.txt").state is not State.DEAD_LETTERED
    assert live.waiting() == 1


def test_the_entry_is_written_later_when_the_index_is_unavailable(live: World) -> None:
    index_first_version(live, "a.txt")
    refuse_heads(live)
    live.announce("a.txt")
    with index_locked(live):
        work_until_dead_lettered(live)
        row = live.row("a.txt")
        assert (row.state, row.index_pending) == (State.DEAD_LETTERED, True)
        live.replayer.step()
        assert pending_flags(live, "a.txt") == (True, False)
    live.replayer.step()
    assert pending_flags(live, "a.txt") == (False, False)
    assert_found_by_name_with(live, "a.txt", row.reason or "")
    assert len(dead_letters(live)) == 1


def test_a_pending_document_that_the_index_rejects_is_found_by_its_name(live: World) -> None:
    index_first_version(live, "a.txt")
    live.put("a.txt", b"the new words")
    live.announce("a.txt")
    with index_locked(live):
        live.work()
    live.replayer.index = RejectingIndex(live.work_root / "index.sqlite3")
    for _ in range(3):
        live.replayer.step()
        live.clock.now += 300
    assert live.row("a.txt").state is State.DEAD_LETTERED
    assert_found_by_name_with(live, "a.txt", "index_rejected")
    assert len(dead_letters(live)) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("no json", "malformed_message"),
        ('{"eventType": "FILE_UPLOADED", "s3Bucket": "other", "s3Key": "a"}', "source_not_allowed"),
    ],
)
def test_malformed_and_foreign_messages_are_counted_and_get_no_row(
    world: World, body: str, code: str
) -> None:
    world.queue.send(body)
    world.work()
    assert metric(world, f'cis_records_rejected_total{{code="{code}"}} 1.0')
    assert list(world.table.rows()) == []


def _with_index(world: World, index: RejectingIndex) -> Any:
    return replace(world.processor, index=index)
