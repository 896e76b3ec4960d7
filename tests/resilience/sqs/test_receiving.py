"""What a strict SQS delivers, and what its handles still do: each rule of AWS's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.resilience.sqs.conftest import DAY_S, DLQ_URL, URL
from tests.resilience.strict_sqs import Habits, Queue, StrictSqs

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from tests.resilience.clock import ManualClock
    from tests.resilience.sqs.conftest import CodeOf
    from worker.aws.queue_manager import QueueManager

pytestmark = pytest.mark.resilience


def receive(client: SQSClient, *, hidden_s: int = 120) -> str:
    (message,) = client.receive_message(QueueUrl=URL, VisibilityTimeout=hidden_s)["Messages"]
    return message["ReceiptHandle"]


def test_a_message_comes_with_its_count_its_time_and_its_attribute(manager: QueueManager) -> None:
    manager.send("body", cis={"interruptions": 2})
    (message,) = manager.receive(limit=1, wait_s=0)
    assert (message.body, message.receive_count, message.interruptions) == ("body", 1, 2)
    assert message.sent_at_ms == 1_000_000


def test_each_receive_has_a_new_handle_and_is_counted(manager: QueueManager, clock: ManualClock) -> None:
    manager.send("body")
    (first,) = manager.receive(limit=1, wait_s=0)
    assert manager.receive(limit=1, wait_s=0) == []
    clock.now += 120
    (second,) = manager.receive(limit=1, wait_s=0)
    assert first.receipt_handle != second.receipt_handle
    assert (first.message_id, second.receive_count) == (second.message_id, 2)


def test_a_delete_with_a_stale_handle_succeeds_and_does_nothing(
    manager: QueueManager, clock: ManualClock, work: Queue
) -> None:
    manager.send("body")
    (stale,) = manager.receive(limit=1, wait_s=0)
    clock.now += 120
    (fresh,) = manager.receive(limit=1, wait_s=0)
    assert manager.delete([stale]) == []
    assert len(work.messages) == 1
    assert manager.delete([fresh]) == []
    assert work.messages == []
    assert manager.delete([fresh]) == []


def test_the_last_handle_deletes_also_after_its_lease(
    manager: QueueManager, clock: ManualClock, work: Queue
) -> None:
    manager.send("body")
    (message,) = manager.receive(limit=1, wait_s=0)
    clock.now += 1_000
    manager.delete([message])
    assert work.messages == []


def test_an_extension_after_the_lease_succeeds_and_does_nothing(
    manager: QueueManager, clock: ManualClock
) -> None:
    manager.send("body")
    (message,) = manager.receive(limit=1, wait_s=0)
    clock.now += 120
    assert manager.extend([message], visibility_s=120).landed == {message.message_id}
    assert len(manager.receive(limit=1, wait_s=0)) == 1


def test_an_extension_with_a_stale_handle_is_silent_or_an_error_as_the_habit_says(
    manager: QueueManager, clock: ManualClock, sqs: StrictSqs, work: Queue
) -> None:
    manager.send("body")
    (stale,) = manager.receive(limit=1, wait_s=0)
    clock.now += 120
    manager.receive(limit=1, wait_s=0)
    visible_at = work.messages[0].visible_at
    assert manager.extend([stale], visibility_s=500).landed == {stale.message_id}
    sqs.habits.stale_is_silent = False
    assert manager.extend([stale], visibility_s=500).lost == {stale.message_id}
    assert work.messages[0].visible_at == visible_at


def test_an_extension_of_a_deleted_message_is_an_error(manager: QueueManager) -> None:
    manager.send("body")
    (message,) = manager.receive(limit=1, wait_s=0)
    manager.delete([message])
    assert manager.extend([message], visibility_s=120).lost == {message.message_id}


def test_a_handle_that_was_never_given_out_is_an_error(client: SQSClient, code_of: CodeOf) -> None:
    assert code_of(lambda: client.delete_message(QueueUrl=URL, ReceiptHandle="x")) == "ReceiptHandleIsInvalid"


def test_an_extension_counts_from_now_and_may_make_visible_at_once(
    manager: QueueManager, clock: ManualClock
) -> None:
    manager.send("body")
    (message,) = manager.receive(limit=1, wait_s=0)
    clock.now += 100
    manager.extend([message], visibility_s=120)
    clock.now += 119
    assert manager.receive(limit=1, wait_s=0) == []
    manager.hide(message, delay_s=0)
    assert len(manager.receive(limit=1, wait_s=0)) == 1


def test_twelve_hours_count_from_the_receive_and_more_is_an_error(
    client: SQSClient, manager: QueueManager, clock: ManualClock, code_of: CodeOf
) -> None:
    manager.send("body")
    handle = receive(client, hidden_s=43_200)
    clock.now += 1

    def extend(visibility_s: int) -> None:
        client.change_message_visibility(QueueUrl=URL, ReceiptHandle=handle, VisibilityTimeout=visibility_s)

    assert code_of(lambda: extend(43_200)) == "InvalidParameterValue"
    extend(43_199)
    assert code_of(lambda: extend(43_201)) == "InvalidParameterValue"


def test_the_receive_above_the_limit_moves_the_message_with_its_age(
    manager: QueueManager, clock: ManualClock, work: Queue, sqs: StrictSqs
) -> None:
    work.max_receive_count = 2
    manager.send("body")
    for _ in range(3):
        manager.receive(limit=1, wait_s=0)
        clock.now += 120
    assert work.messages == []
    (dead,) = sqs.queue(DLQ_URL).messages
    assert dead.sent_at == 1_000


def test_messages_older_than_the_retention_are_gone(
    manager: QueueManager, clock: ManualClock, work: Queue
) -> None:
    manager.send("body")
    clock.now += 4 * DAY_S + 1
    assert manager.receive(limit=1, wait_s=0) == []
    assert work.messages == []


def test_the_order_is_not_that_of_the_sending(manager: QueueManager) -> None:
    for number in range(10):
        manager.send(str(number))
    received: list[str] = []
    while len(received) < 10:
        received += [message.body for message in manager.receive(limit=10, wait_s=0)]
    assert received != sorted(received)


def test_a_message_may_come_twice_and_the_first_handle_is_stale(
    manager: QueueManager, sqs: StrictSqs, work: Queue
) -> None:
    sqs.habits.twice = 1.0
    manager.send("body")
    (first,) = manager.receive(limit=1, wait_s=0)
    (second,) = manager.receive(limit=1, wait_s=0)
    assert first.message_id == second.message_id
    manager.delete([first])
    assert len(work.messages) == 1


def test_a_message_may_come_after_its_delete(
    manager: QueueManager, sqs: StrictSqs, clock: ManualClock, work: Queue
) -> None:
    sqs.habits.after_delete = 1.0
    manager.send("body")
    (message,) = manager.receive(limit=1, wait_s=0)
    manager.delete([message])
    clock.now += 300
    sqs.habits.after_delete = 0.0
    (again,) = manager.receive(limit=1, wait_s=0)
    assert again.message_id == message.message_id
    manager.delete([again])
    assert work.messages == []


def test_a_poll_that_no_client_reads_still_takes_what_arrives(
    manager: QueueManager, sqs: StrictSqs, clock: ManualClock, work: Queue
) -> None:
    sqs.poll(URL, limit=10, wait_s=20, visibility_s=120)
    clock.now += 5
    manager.send("body")
    assert manager.receive(limit=10, wait_s=0) == []
    clock.now += 120
    (message,) = manager.receive(limit=10, wait_s=0)
    assert message.receive_count == 2
    assert work.polls == []


def test_a_long_poll_waits_for_the_first_message_and_no_longer(
    manager: QueueManager, clock: ManualClock
) -> None:
    assert manager.receive(limit=1, wait_s=20) == []
    assert clock.now == 1_020
    manager.send("body", delay_s=7)
    assert len(manager.receive(limit=1, wait_s=20)) == 1
    assert clock.now == 1_027


def test_a_redriven_message_has_a_new_id_and_a_new_age(
    manager: QueueManager, sqs: StrictSqs, clock: ManualClock, work: Queue
) -> None:
    sent = sqs.send(DLQ_URL, "body")
    clock.now += 50
    assert sqs.redrive(sqs.queue(DLQ_URL), work) == 1
    (message,) = manager.receive(limit=1, wait_s=0)
    assert message.message_id != sent.message_id
    assert message.sent_at_ms == 1_050_000


def test_depth_counts_what_is_visible_in_flight_and_delayed(manager: QueueManager) -> None:
    manager.send("a")
    manager.send("b")
    manager.send("c", delay_s=10)
    manager.receive(limit=1, wait_s=0)
    depth = manager.depth()
    assert (depth.visible, depth.in_flight, depth.delayed) == (1, 1, 1)


def test_habits_are_off_unless_they_are_asked_for() -> None:
    assert Habits() == Habits(twice=0.0, after_delete=0.0, stale_is_silent=True)
