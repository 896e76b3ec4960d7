"""EventReplay: what a crash or an outage left in the ledger is sent, by whatever worker."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.unit.document_events import EventQueue
from tests.unit.world import TABLE
from worker.aws.messages.event_publisher import EventPublisher
from worker.aws.messages.event_target import EventTarget
from worker.delivery.event_replay import EventReplay

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def events(world: World) -> EventQueue:
    return EventQueue(world)


@pytest.fixture
def replay(world: World, events: EventQueue) -> EventReplay:
    return EventReplay(
        announcer=events.announcer,
        unsent=events.announcer.unsent,
        table=world.table,
        shutdown=world.shutdown,
        metrics=world.metrics,
        random=Random(1),
    )


def work(world: World, *keys: str) -> None:
    for key in keys:
        world.put(key, b"")
        world.announce(key)
        world.work()


def go_round(replay: EventReplay, world: World) -> None:
    """Visit all shards once."""
    for _ in range(4):
        replay.step()
    world.clock.now += 40


def keys(events: EventQueue) -> list[str]:
    return [event["file"]["key"] for event in events.take()]


def test_a_worker_that_died_after_its_commit_leaves_its_event_to_others(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    world.table.announce_commits(lambda _: None)
    work(world, "a.txt")
    go_round(replay, world)
    # Its worker may be sending it at this moment.
    assert keys(events) == []
    go_round(replay, world)
    assert keys(events) == ["a.txt"]
    assert world.row("a.txt").pending is None
    go_round(replay, world)
    assert keys(events) == []


def test_all_that_an_outage_left_is_sent_when_the_target_is_back(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    events.switch_off()
    names = [f"{number}.txt" for number in range(25)]
    for name in names:
        work(world, name)
    for _ in range(3):
        go_round(replay, world)
    assert keys(events) == []
    events.switch_on()
    for _ in range(2):
        go_round(replay, world)
    assert sorted(keys(events)) == sorted(names)
    assert not any(row.event_pending for row in world.table.rows())


def test_each_version_is_announced_although_the_target_was_unavailable_for_all(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    events.switch_off()
    work(world, "a.txt")
    world.clients.s3.delete_object(Bucket="source", Key="a.txt")
    world.announce("a.txt")
    world.work()
    work(world, "a.txt")
    assert world.row("a.txt").fence == 3
    events.switch_on()
    for _ in range(2):
        go_round(replay, world)
    assert [event["fence"] for event in events.take()] == [1, 2, 3]
    go_round(replay, world)
    assert keys(events) == []


def test_what_was_refused_once_is_sent_with_the_next_step(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    events.switch_off()
    work(world, "a.txt")
    events.switch_on()
    replay.step()
    assert keys(events) == ["a.txt"]
    for _ in range(2):
        go_round(replay, world)
    assert keys(events) == []


def test_the_backlog_is_known_also_in_an_outage(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    events.switch_off()
    for number in range(3):
        work(world, f"{number}.txt")
    go_round(replay, world)
    assert b"cis_events_backlog 3.0" in world.metrics.render()


def test_an_outage_costs_one_call_a_round(world: World, events: EventQueue, replay: EventReplay) -> None:
    events.switch_off()
    work(world, *(f"{number}.txt" for number in range(9)))
    go_round(replay, world)
    calls: list[str] = []
    hooks: Any = world.clients.sqs.meta.events
    hooks.register("before-call", lambda model, **_: calls.append(model.name))
    go_round(replay, world)
    assert calls.count("SendMessageBatch") <= 1


def test_a_key_that_a_fill_left_behind_is_taken_off(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    work(world, "a.txt")
    row = world.row("a.txt")
    world.clients.dynamodb.update_item(
        TableName=TABLE,
        Key={"file_id": {"S": row.file_id}},
        UpdateExpression="SET pending = :shard",
        ExpressionAttributeValues={":shard": {"S": f"e{row.file_id[0]}"}},
    )
    for _ in range(2):
        go_round(replay, world)
    assert world.row("a.txt").pending is None
    assert keys(events) == ["a.txt"]


def test_events_that_are_refused_one_by_one_stay(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    """A batch that fails in part is an HTTP 200."""
    events.switch_off()
    names = [f"{number}.txt" for number in range(12)]
    work(world, *names)
    events.switch_on()
    events.announcer.publisher = _RefusesSome(client=world.clients.sqs, target=EventTarget.parse(events.url))
    for _ in range(8):
        go_round(replay, world)
    assert sorted(set(keys(events))) == sorted(names)
    assert not any(row.event_pending for row in world.table.rows())


def test_a_stop_ends_it_and_leaves_the_rest(world: World, events: EventQueue, replay: EventReplay) -> None:
    world.table.announce_commits(lambda _: None)
    work(world, "a.txt")
    go_round(replay, world)
    world.shutdown.request("test")
    go_round(replay, world)
    assert keys(events) == []
    assert world.row("a.txt").event_pending


def test_a_table_without_its_index_is_reported_now_and_then(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    world.clients.dynamodb.update_table(
        TableName=TABLE, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "pending"}}]
    )
    with capture_logs() as lines:
        for _ in range(4):
            go_round(replay, world)
    assert [line["event"] for line in lines].count("event_index_missing") == 1


def test_a_ledger_that_is_unavailable_does_not_end_the_loop(
    world: World, events: EventQueue, replay: EventReplay
) -> None:
    world.fail("dynamodb", "Query", 3)
    with capture_logs() as lines:
        go_round(replay, world)
    assert "event_replay_postponed" in [line["event"] for line in lines]


class _RefusesSome(EventPublisher):
    """A target that refuses every other event, differently each time."""

    count = 0

    def publish(self, events: Any) -> Any:
        _RefusesSome.count += 1
        refused = [event for number, event in enumerate(events) if (number + self.count) % 2]
        sent = [event for event in events if event not in refused]
        if sent:
            super().publish(sent)
        return {event.event_id: "InternalFailure" for event in refused}
