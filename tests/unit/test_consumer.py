"""Receive, attempt, settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.errors import MisconfiguredError

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
