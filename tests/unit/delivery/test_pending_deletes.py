"""Finished messages are deleted ten at a time, and held and renewed until then."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.unit.runtime.test_metrics import parse_figures
from worker.delivery import pending_deletes
from worker.delivery.pending_deletes import PendingDeletes
from worker.outcome import DONE, Ending, Outcome

if TYPE_CHECKING:
    from tests.unit.world import World
    from worker.delivery.heartbeat import Lease

pytestmark = pytest.mark.unit


class _Calls:
    """The entries of each batch of an operation; `fails` names entries, by their place, that SQS leaves."""

    def __init__(self, world: World, operation: str) -> None:
        self.entries: list[list[dict[str, Any]]] = []
        self.fails: dict[int, bool] = {}
        events = world.clients.sqs.meta.events
        events.register(f"before-parameter-build.sqs.{operation}", self._take)
        events.register(f"after-call.sqs.{operation}", self._answer)

    @property
    def sizes(self) -> list[int]:
        return [len(entries) for entries in self.entries]

    def _take(self, params: dict[str, Any], **_: Any) -> None:
        self.entries.append(params["Entries"])
        if self.fails:
            params["Entries"] = [each for each in params["Entries"] if int(each["Id"]) not in self.fails]

    def _answer(self, parsed: dict[str, Any], **_: Any) -> None:
        parsed["Failed"] = [
            {
                "Id": str(number),
                "Code": "ReceiptHandleIsInvalid" if mine else "InternalError",
                "SenderFault": mine,
            }
            for number, mine in self.fails.items()
        ]


def _deletes(world: World) -> PendingDeletes:
    world.settlement.hold_deletes()
    assert world.settlement.deletes is not None
    return world.settlement.deletes


def _finish(world: World, number: int) -> list[Lease]:
    """Receive so many messages, and settle them as done."""
    leases: list[Lease] = []
    for each in range(number):
        world.announce(f"f{each}")
    while len(leases) < number:
        leases += [world.heartbeat.hold(one) for one in world.queue.receive(limit=10, wait_s=0)]
    for lease in leases:
        world.settlement.settle(lease, DONE)
    return leases


def test_ten_finished_messages_are_deleted_with_one_call(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    _finish(world, 23)
    assert calls.sizes == []
    deletes.step()
    deletes.step()
    assert (calls.sizes, len(deletes), world.waiting()) == ([10, 10], 3, 3)


def test_a_batch_that_is_not_full_is_deleted_after_a_second(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    _finish(world, 2)
    world.clock.now += 0.99
    _finish(world, 1)
    deletes.step()
    assert calls.sizes == []
    world.clock.now += 0.02
    deletes.step()
    assert (calls.sizes, world.waiting()) == ([3], 0)


def test_a_held_message_is_neither_in_flight_nor_in_hand(world: World) -> None:
    _deletes(world)
    world.put("f0", b"")
    world.announce("f0")
    world.work()
    assert (world.waiting(), world.consumer.in_flight) == (1, 0)
    assert (world.heartbeat.held(), world.heartbeat.first_seen_ms()) == ([], [])
    figures = parse_figures(world.metrics)
    assert (figures["cis_deletes_pending", ()], figures["cis_in_flight", ()]) == (1, 0)


def test_a_held_message_is_renewed_until_it_is_deleted_and_not_after(world: World) -> None:
    deletes, renewed = _deletes(world), _Calls(world, "ChangeMessageVisibilityBatch")
    (lease,) = _finish(world, 1)
    world.clock.now += 41
    world.heartbeat.step()
    assert renewed.sizes == [1]
    assert lease.left_s == 120
    deletes.step()
    world.clock.now += 41
    world.heartbeat.step()
    assert (renewed.sizes, lease.lost) == ([1], False)


def test_an_entry_that_failed_on_sqs_side_is_held_and_tried_again_alone(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    renewed = _Calls(world, "ChangeMessageVisibilityBatch")
    leases = _finish(world, 10)
    calls.fails = {3: False}
    deletes.step()
    assert (calls.sizes, len(deletes), world.waiting()) == ([10], 1, 1)
    calls.fails = {}
    world.clock.now += 1
    deletes.step()
    assert (calls.sizes, len(deletes), world.waiting()) == ([10, 1], 0, 0)
    assert calls.entries[1][0]["ReceiptHandle"] == leases[3].message.receipt_handle
    world.clock.now += 41
    world.heartbeat.step()
    assert renewed.sizes == []


def test_a_refused_receipt_is_left_to_sqs_and_its_neighbours_are_deleted(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    leases = _finish(world, 3)
    calls.fails = {1: True}
    world.clock.now += 1
    with capture_logs() as lines:
        deletes.step()
    assert (calls.sizes, len(deletes), world.waiting()) == ([3], 0, 1)
    left = [line["message_id"] for line in lines if line["event"] == "settle_failed"]
    assert left == [leases[1].message.message_id]


def test_two_receipts_of_one_message_are_deleted_with_one_call(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    world.announce("a")
    first = world.receive()
    world.queue.hide(first, delay_s=0)
    for message in (first, world.receive()):
        world.settlement.settle(world.heartbeat.hold(message), DONE)
    world.clock.now += 1
    deletes.step()
    assert (calls.sizes, len(deletes), world.waiting()) == ([2], 0, 0)
    assert len({entry["Id"] for entry in calls.entries[0]}) == 2


def test_deletes_are_repeated_with_growing_pauses_and_their_messages_renewed(world: World) -> None:
    deletes, renewed = _deletes(world), _Calls(world, "ChangeMessageVisibilityBatch")
    (lease,) = _finish(world, 1)
    world.fail("sqs", "DeleteMessageBatch")
    tried: list[float] = []
    world.clients.sqs.meta.events.register(
        "before-parameter-build.sqs.DeleteMessageBatch", lambda **_: tried.append(world.clock.now)
    )
    world.clock.now += 1
    for _ in range(200):
        world.clock.now += 1
        world.heartbeat.step()
        if deletes._is_due(world.clock.now):
            deletes.step()
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    # While it was held, and no more when the tries were over: SQS delivers it once more.
    assert len(renewed.sizes) == 3
    assert (len(deletes), lease.lost, world.waiting()) == (0, False, 1)


def test_a_message_that_comes_again_is_found_done_by_its_row_and_only_deleted(world: World) -> None:
    deletes = _deletes(world)
    world.put("f0", b"")
    world.announce("f0")
    world.work()
    # Its worker was killed before the flush: the lease lapses, and so it does fifteen times.
    deletes._waiting.clear()
    fence = world.row("f0").fence
    for _ in range(15):
        for lease in list(world.heartbeat._leases.values()):
            world.heartbeat.release(lease)
            world.queue.hide(lease.message, delay_s=0)
        world.work()
        deletes._waiting.clear()
    for lease in list(world.heartbeat._leases.values()):
        assert lease.message.receive_count == 16
        deletes.add(lease)
    world.clock.now += 1
    deletes.step()
    assert (world.row("f0").fence, world.waiting(), world.dead_letters()) == (fence, 0, [])


def test_dead_lettered_messages_are_deleted_in_the_batch_too(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    for _ in range(10):
        world.queue.send("no json")
    for message in world.queue.receive(limit=10, wait_s=0):
        ended = Outcome(ending=Ending.DEAD_LETTER, code="malformed_message")
        world.settlement.settle(world.heartbeat.hold(message), ended)
    deletes.step()
    assert (calls.sizes, world.waiting()) == ([10], 0)


def test_at_a_stop_nothing_waits_for_a_full_batch(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    _finish(world, 2)
    world.shutdown.request("test")
    deletes.step()
    assert calls.sizes == [2]


def test_the_end_of_a_stop_deletes_all_that_is_held_and_holds_nothing_more(world: World) -> None:
    deletes, calls = _deletes(world), _Calls(world, "DeleteMessageBatch")
    _finish(world, 13)
    world.shutdown.request("test")
    world.consumer.requeue_rest()
    assert (calls.sizes, world.waiting(), world.settlement.unsettled) == ([10, 3], 0, 0)
    _finish(world, 1)
    assert (calls.sizes, world.waiting(), len(deletes)) == ([10, 3, 1], 0, 0)


def test_what_could_not_be_deleted_at_a_stop_is_counted_as_unsettled(world: World) -> None:
    deletes = _deletes(world)
    _finish(world, 12)
    world.fail("sqs", "DeleteMessageBatch")
    world.shutdown.request("test")
    world.consumer.requeue_rest()
    assert (world.settlement.unsettled, len(deletes), world.waiting()) == (12, 0, 12)


def test_a_delete_that_is_not_answered_before_the_end_of_a_stop_is_counted(world: World) -> None:
    deletes = _deletes(world)
    answered, asked = threading.Event(), threading.Event()

    def hang(**_: Any) -> None:
        asked.set()
        assert answered.wait(60)

    _finish(world, 2)
    world.clients.sqs.meta.events.register("before-call.sqs.DeleteMessageBatch", hang)
    world.shutdown.request("test", within_s=0)
    loop = threading.Thread(target=deletes.step)
    loop.start()
    assert asked.wait(60)
    deletes.flush()
    assert (world.settlement.unsettled, len(deletes)) == (2, 0)
    answered.set()
    loop.join()
    assert (world.settlement.unsettled, len(deletes)) == (2, 0)


def test_a_call_that_is_refused_as_a_whole_is_repeated(world: World) -> None:
    deletes = _deletes(world)
    (lease,) = _finish(world, 1)
    world.clients.sqs.delete_queue(QueueUrl=world.queue_url)
    world.clock.now += 1
    deletes.step()
    # Whether a refusal lasts, and so stops the worker, is known to the monitor of its services.
    assert (len(deletes), world.shutdown.failure, lease.lost) == (1, None, False)


def test_no_more_messages_are_held_in_an_outage_than_can_be_renewed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_deletes, "_MOST_HELD", 12)
    deletes = _deletes(world)
    _finish(world, 15)
    world.fail("sqs", "DeleteMessageBatch")
    deletes.step()
    assert len(deletes) == 12
