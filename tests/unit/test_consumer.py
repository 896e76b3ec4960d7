"""Receive, attempt, settle."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from worker.delivery.attempt_queue import AttemptQueue
from worker.errors import MisconfiguredError
from worker.models.ledger import State
from worker.resilience.rate_limiter import AdaptiveRateLimiter

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_message_that_was_not_started_is_requeued_at_a_stop_as_a_fresh_copy(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.consumer.step()
    world.shutdown.request("test")
    world.consumer.attempt_step()
    assert world.settlement.requeued == 1
    message = world.receive()
    assert message.receive_count == 1
    assert message.interruptions == 1
    assert world.table.read(world.message("empty").file_id) is None


def test_parked_messages_are_requeued_at_a_stop(world: World) -> None:
    file = world.put("empty", b"")
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    world.announce("empty")
    world.work()
    world.shutdown.request("test")
    world.consumer.resume_parked()
    assert len(world.parked) == 0
    assert world.receive().interruptions == 1


def test_no_more_is_received_than_there_are_places(world: World) -> None:
    for number in range(6):
        world.put(f"f{number}", b"")
        world.announce(f"f{number}")
    world.consumer.step()
    assert world.consumer.in_flight == 4
    world.consumer.step()
    assert world.consumer.in_flight == 4


def test_twenty_messages_at_five_a_second_begin_within_four_seconds(world: World) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        world.clock.now += seconds

    limiter = AdaptiveRateLimiter(5.0, 5.0, 5.0, clock=lambda: world.clock.now, wait=wait)
    world.consumer.pace = limiter.acquire
    for number in range(20):
        world.put(f"f{number}", b"")
        world.announce(f"f{number}")
    while world.waiting():
        world.work()
    assert sum(waited) == pytest.approx(19 / 5)
    assert {world.row(f"f{number}").state for number in range(20)} == {State.NO_CONTENT}


def test_nothing_is_received_after_a_stop(world: World) -> None:
    world.announce("a")
    world.shutdown.request("test")
    world.consumer.step()
    assert world.consumer.in_flight == 0


def test_an_unavailable_queue_is_polled_again(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.fail("sqs", "ReceiveMessage", times=3)
    world.consumer.step()
    assert world.consumer.in_flight == 0
    world.clock.now += 1
    world.consumer.step()
    assert world.consumer.in_flight == 1


def test_a_queue_that_is_missing_stops_the_worker(world: World) -> None:
    world.clients.sqs.delete_queue(QueueUrl=world.queue_url)
    world.consumer.step()
    assert isinstance(world.shutdown.failure, MisconfiguredError)


def test_a_worker_without_file_descriptors_leaves_the_queue_to_its_neighbours(world: World) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    world.clients.s3.meta.events.register("before-send.s3.GetObject", refuse)
    for number in range(8):
        world.put(f"f{number}")
        world.announce(f"f{number}")
    for _ in range(4):
        world.work()
    # The four of the first receive failed, uncounted and soon visible again; no more were received.
    assert {(row.failures, row.owner) for row in world.table.rows()} == {(0, None)}
    assert len(list(world.table.rows())) == 4
    assert "Too many open files" in world.local_health.pause_reason
    assert not world.shutdown.is_requested


def test_after_a_notice_it_receives_no_more(world: World) -> None:
    world.consumer.stop_receiving()
    world.put("a")
    world.announce("a")
    world.work()
    assert world.waiting() == 1
    assert world.table.read(world.message("a").file_id) is None


def test_messages_of_attempts_that_hang_are_released_and_their_work_is_cancelled(world: World) -> None:
    world.put("a")
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    delays: list[int] = []
    world.clients.sqs.meta.events.register(
        "before-parameter-build.sqs.ChangeMessageVisibility",
        lambda params, **_: delays.append(params["VisibilityTimeout"]),
    )
    assert world.consumer.release(lease)
    assert delays == [2]
    assert lease.lost
    assert world.heartbeat.held() == []


def test_in_a_backlog_places_are_gathered_for_one_receive(world: World) -> None:
    for number in range(8):
        world.put(f"f{number}", b"")
        world.announce(f"f{number}")
    world.consumer.step()
    world.consumer.attempt_step()
    world.consumer.step()
    assert world.consumer.in_flight == 3
    world.consumer.attempt_step()
    world.consumer.step()
    assert world.consumer.in_flight == 4
    world.consumer.attempt_step()
    # Others may take long: then one place is received for, too.
    world.clock.now += 2
    world.consumer.step()
    assert world.consumer.in_flight == 4


def test_without_a_backlog_a_free_place_is_received_for_at_once(world: World) -> None:
    for number in range(3):
        world.put(f"f{number}", b"")
        world.announce(f"f{number}")
    world.consumer.step()
    world.put("late", b"")
    world.announce("late")
    world.consumer.step()
    assert world.consumer.in_flight == 4


def test_a_document_that_is_only_written_keeps_no_other_from_being_received(world: World) -> None:
    world.attempt_queue = AttemptQueue(world.shutdown, writing_places=1)
    for number in range(5):
        world.put(f"f{number}", b"")
        world.announce(f"f{number}")
    world.consumer.step()
    world.attempt_queue.take(0)
    with world.attempt_queue.writing():
        world.clock.now += 2
        world.consumer.step()
    assert world.consumer.in_flight == 5
