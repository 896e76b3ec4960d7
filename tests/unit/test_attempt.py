"""The files of a message: recorded, parked, dead-lettered, done again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from worker.errors import MisconfiguredError
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("body", ["no json", "{}", '{"eventType": "FILE_UPLOADED", "s3Bucket": ""}'])
def test_a_malformed_message_is_dead_lettered_with_its_reason(world: World, body: str) -> None:
    world.queue.send(body)
    world.work()
    (message,) = world.dead_letters()
    assert message["code"] == "malformed_message"
    assert message["reason"]
    assert world.waiting() == 0


def test_a_bucket_that_is_not_allowed_is_dead_lettered(world: World) -> None:
    world.queue.send(json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": "other", "s3Key": "a"}))
    world.work()
    assert world.dead_letters()[0]["code"] == "source_not_allowed"


def test_a_bucket_that_is_missing_and_not_on_the_list_is_dead_lettered_and_recorded(world: World) -> None:
    world.source_buckets, world.attempts.max_failures = (), 1
    world.bucket = "missing"
    world.announce("a")
    world.work()
    assert world.dead_letters()[0]["code"] == "source_missing"
    row = world.row("a")
    assert (row.state, row.reason) == (State.DEAD_LETTERED, "source_missing")
    assert not world.shutdown.is_requested


def test_a_missing_object_leaves_a_tombstone(world: World) -> None:
    world.announce("gone")
    world.work()
    row = world.row("gone")
    assert (row.state, row.reason) == (State.TOMBSTONED, "object_gone")
    assert world.waiting() == 0


def test_a_test_event_is_deleted(world: World) -> None:
    world.queue.send(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "source"}))
    world.work()
    assert world.waiting() == 0
    assert world.dead_letters() == []


def test_a_duplicate_message_changes_nothing(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.work()
    world.announce("empty")
    world.work()
    assert world.row("empty").fence == 1
    assert world.waiting() == 0


def test_every_file_of_a_message_is_recorded_before_it_is_deleted(world: World) -> None:
    keys = ["a", "b", "c"]
    for key in keys:
        world.put(key, b"")
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "source"}, "object": {"key": key, "size": 0}},
        }
        for key in keys
    ]
    world.queue.send(json.dumps({"Records": records}))
    # The claim and the commit of `a` and the claim of `b` succeed, the commit of `b` does not.
    world.fail("dynamodb", "UpdateItem", times=3, after=3)
    world.work()
    assert world.waiting() == 1
    assert world.row("a").state is State.NO_CONTENT
    assert world.row("b").state is State.PROCESSING
    world.queue.send(json.dumps({"Records": records}))
    world.work()
    assert {world.row(key).state for key in keys} == {State.NO_CONTENT}
    assert world.row("a").fence == 1
    assert world.waiting() == 1


def test_a_file_that_another_attempt_holds_is_parked(world: World) -> None:
    file = world.put("empty", b"")
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    world.announce("empty")
    world.work()
    assert len(world.parked) == 1
    assert world.consumer.in_flight == 0
    assert world.waiting() == 1
    for _ in range(10):
        world.clock.now += 10
        world.heartbeat.step()
        world.consumer.resume_parked()
    while world.consumer.in_flight:
        world.consumer.attempt_step()
    assert world.row("empty").state is State.NO_CONTENT
    assert world.row("empty").fence == 2
    assert world.waiting() == 0


def test_a_table_that_is_missing_stops_the_worker_and_leaves_the_job_untouched(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.clients.dynamodb.delete_table(TableName="files")
    world.work()
    assert isinstance(world.shutdown.failure, MisconfiguredError)
    assert world.waiting() == 1
    assert world.dead_letters() == []


def test_a_message_can_request_that_a_finished_file_is_processed_again(live: World) -> None:
    live.put("a.txt", b"text")
    body = json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": "source", "s3Key": "a.txt"})
    for cis, fence in (({}, 1), ({}, 1), ({"again": 1}, 2), ({"again": 1}, 2)):
        live.queue.send(body, cis=cis)
        live.work()
        assert live.row("a.txt").fence == fence
