"""The files of a message: recorded, parked, dead-lettered, done again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from worker.errors import MisconfiguredError
from worker.models.ledger import Job, State
from worker.outcome import DONE

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


def _make_suspect(world: World, key: str, *, strikes: int) -> None:
    """A worker died while it held the file, and so often again while it held nothing else."""
    for number in range(strikes + 1):
        job = world.claimer.claim(world.message(key), message_id="m1", is_isolated=number > 0)
        assert isinstance(job, Job)
        world.table.record_crash(job.claim)


def test_a_suspect_file_is_processed_with_no_other_beside_it(world: World) -> None:
    for key in ("busy", "suspect"):
        world.put(key, b"")
    _make_suspect(world, "suspect", strikes=0)
    world.announce("busy")
    world.consumer.step()
    busy = world.attempt_queue.take(0)
    assert busy is not None
    world.announce("suspect")
    world.consumer.step()
    # Once to find out that it is suspect, then it waits.
    for _ in range(2):
        world.consumer.attempt_step()
    assert world.row("suspect").owner is None
    assert world.consumer.in_flight == 2
    assert world.attempts.attempt(busy.lease, busy.takeover) is DONE
    world.attempt_queue.end(busy)
    isolated: list[bool] = []
    world.clients.dynamodb.meta.events.register(
        "before-parameter-build.dynamodb.UpdateItem",
        lambda params, **_: isolated.append(":is_isolated" in params["ExpressionAttributeValues"]),
    )
    world.consumer.attempt_step()
    assert isolated == [True, False]
    row = world.row("suspect")
    assert (row.state, row.is_suspect, row.is_isolated) == (State.NO_CONTENT, False, False)
    assert world.consumer.in_flight == 0


def test_a_file_with_three_strikes_is_dead_lettered_and_read_no_more(world: World) -> None:
    world.put("killer", b"")
    _make_suspect(world, "killer", strikes=3)
    world.announce("killer")
    world.work()
    (message,) = world.dead_letters()
    assert message["code"] == "worker_crashed"
    row = world.row("killer")
    assert (row.state, row.reason, row.crash_strikes) == (State.DEAD_LETTERED, "worker_crashed", 3)
    assert world.waiting() == 0


def test_a_file_with_two_strikes_is_tried_once_more(world: World) -> None:
    world.put("file", b"")
    _make_suspect(world, "file", strikes=2)
    assert world.row("file").crash_strikes == 2
    world.announce("file")
    world.work()
    row = world.row("file")
    assert (row.state, row.crash_strikes, row.is_suspect) == (State.NO_CONTENT, 0, False)


def test_new_content_of_a_suspect_file_is_not_suspect(world: World) -> None:
    world.put("file", b"")
    _make_suspect(world, "file", strikes=3)
    world.put("file", b"new")
    job = world.claim(world.message("file"))
    assert (job.is_suspect, job.crash_strikes) == (False, 0)


def test_what_a_worker_holds_is_on_record_while_it_is_processed(world: World) -> None:
    held: list[int] = []
    folder = world.work_root / "state"

    def count(**_: object) -> None:
        held.append(sum(path.is_file() for path in folder.rglob("*")))

    world.put("empty", b"")
    world.announce("empty")
    # The head of the object at the claim, and the one before the commit.
    world.clients.s3.meta.events.register("before-call.s3.HeadObject", count)
    world.work()
    count()
    assert held == [0, 1, 0]


def test_no_work_begins_on_a_lease_that_lapsed(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.consumer.step()
    world.clock.now += 116
    world.consumer.attempt_step()
    assert world.table.read(world.message("empty").file_id) is None
    assert world.waiting() == 1


def test_nothing_is_committed_on_a_lease_that_lapsed_meanwhile(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")

    def stall(**_: object) -> None:
        world.clock.now += 116

    world.clients.dynamodb.meta.events.register("after-call.dynamodb.UpdateItem", stall)
    world.work()
    row = world.row("empty")
    assert (row.fence, row.state) == (1, State.PROCESSING)
    assert world.waiting() == 1


def test_a_suspect_file_does_not_keep_the_other_files_of_its_message_waiting(world: World) -> None:
    for key in ("suspect", "other"):
        world.put(key, b"")
    _make_suspect(world, "suspect", strikes=0)
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "source"}, "object": {"key": key, "size": 0}},
        }
        for key in ("suspect", "other")
    ]
    world.queue.send(json.dumps({"Records": records}))
    world.consumer.step()
    world.consumer.attempt_step()
    assert world.row("other").state is State.NO_CONTENT
    assert (world.row("suspect").state, world.waiting()) == (State.PROCESSING, 1)
    world.consumer.attempt_step()
    assert (world.row("suspect").state, world.waiting()) == (State.NO_CONTENT, 0)
    assert world.row("other").fence == 1
