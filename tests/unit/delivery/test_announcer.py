"""Announcer: end states are announced after their commit, and what cannot be sent is in the ledger."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.document_events import EventQueue
from tests.unit.index_lock import index_locked
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def events(world: World) -> EventQueue:
    return EventQueue(world)


def work(world: World, *keys: str) -> None:
    for key in keys:
        world.put(key, b"")
        world.announce(key)
        world.work()


def announced(events: EventQueue) -> list[tuple[str, str, str | None]]:
    return [(event["file"]["key"], event["type"], event["reason"]) for event in events.take()]


def count_calls(world: World) -> Counter[str]:
    calls: Counter[str] = Counter()
    for client in (world.clients.dynamodb, world.clients.sqs):
        hooks: Any = client.meta.events
        hooks.register("before-call", lambda model, **_: calls.update([model.name]))
    return calls


def test_a_document_is_announced_once_it_is_committed(world: World, events: EventQueue) -> None:
    work(world, "a.txt")
    (event,) = events.take()
    row = world.row("a.txt")
    assert (event["file"]["id"], event["version"], event["fence"]) == (row.file_id, row.version, row.fence)
    assert (event["type"], event["reason"]) == ("document.no_content", "empty")
    assert event["correlation"] == row.correlation
    assert (row.event_pending, row.pending) == (False, None)
    assert b'document_events_total{result="sent",type="document.no_content"} 1.0' in world.metrics.render()


def test_deleted_and_dead_lettered_files_are_announced(world: World, events: EventQueue) -> None:
    work(world, "a.txt")
    world.clients.s3.delete_object(Bucket="source", Key="a.txt")
    world.announce("a.txt")
    world.bucket = "missing"
    world.announce("b.txt")
    world.work()
    world.clock.now += 1_000
    world.work()
    assert ("a.txt", "document.tombstoned", "object_gone") in (found := announced(events))
    assert [each for each in found if each[0] == "b.txt"] in (
        [("b.txt", "document.dead_lettered", "bucket_missing")],
        [],
    )


def test_a_copy_of_an_event_that_changes_nothing_announces_nothing(world: World, events: EventQueue) -> None:
    work(world, "a.txt")
    world.announce("a.txt")
    world.work()
    assert len(events.take()) == 1


def test_a_target_that_is_unavailable_holds_no_document_up(world: World, events: EventQueue) -> None:
    events.switch_off()
    work(world, "a.txt")
    row = world.row("a.txt")
    assert world.waiting() == 0
    assert (row.state, row.event_pending, row.pending) == (State.NO_CONTENT, True, f"e{row.file_id[0]}")
    assert b'result="unsent"' in world.metrics.render()


def test_a_target_that_stays_away_is_not_asked_for_every_document(world: World, events: EventQueue) -> None:
    events.switch_off()
    calls = count_calls(world)
    work(world, *(f"{number}.txt" for number in range(6)))
    assert calls["SendMessageBatch"] == 2
    assert all(world.row(f"{number}.txt").event_pending for number in range(6))


def test_a_row_that_lacks_more_is_left_to_the_replayer_with_its_event_kept(
    world: World, events: EventQueue
) -> None:
    events.switch_off()
    with index_locked(world):
        work(world, "a.txt")
    row = world.row("a.txt")
    assert (row.index_pending, row.event_pending, row.pending) == (True, False, row.file_id[0])
    (kept,) = events.announcer.unsent.read_kept([f"event#{row.file_id}-1-no_content"])
    assert '"index_pending":true' in kept.text


def test_a_commit_survives_a_ledger_that_cannot_clear_the_mark(world: World, events: EventQueue) -> None:
    """The event is sent once more, later: at least once."""
    world.fail("dynamodb", "UpdateItem", after=2)
    work(world, "a.txt")
    assert announced(events) == [("a.txt", "document.no_content", "empty")]
    assert world.row("a.txt").event_pending
    assert world.waiting() == 0


def test_without_a_target_nothing_is_written_or_called_in_addition(world: World) -> None:
    calls = count_calls(world)
    work(world, "a.txt")
    # The claim and the commit; what else the queue costs is the same with and without.
    assert calls["UpdateItem"] == 2
    assert calls["SendMessageBatch"] == 0
    assert world.row("a.txt").pending is None


def test_with_a_target_a_document_costs_one_write_and_one_message_more(
    world: World, events: EventQueue
) -> None:
    calls = count_calls(world)
    work(world, "a.txt")
    assert (calls["UpdateItem"], calls["SendMessageBatch"]) == (3, 1)
