"""Redriven messages are processed as if they were new; none is lost, whatever call fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.dead_letter_messages import make_visible
from tests.unit.maintenance.dead_letter_world import Operator, body, dead_letter, dlq_depth, moved_by_sqs
from tests.unit.pending_documents import indexed_document
from worker.errors import Code, UnavailableError
from worker.maintenance.file_filter import FileFilter
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_redriven_file_is_processed_and_its_counts_start_over(live: World) -> None:
    dead_letter(live, "a.txt")
    assert live.row("a.txt").failures == 1
    result = Operator(live).redrive()
    assert (result.done, result.failed, result.is_complete) == (1, 0, True)
    assert live.row("a.txt").failures == 0
    (message,) = live.queue.receive(limit=10, wait_s=0)
    assert set(message.cis) == {"correlation"}
    live.queue.hide(message, delay_s=0)
    live.work()
    assert live.row("a.txt").state is State.INDEXED
    assert indexed_document(live, "a.txt").pages[0].text == "content"
    assert (dlq_depth(live), live.waiting()) == ((0, 0), 0)


def test_a_redriven_message_keeps_the_ids_of_its_sender(world: World) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    world.clients.sqs.send_message(
        QueueUrl=world.queue_url,
        MessageBody="{}",
        MessageAttributes={"traceparent": {"DataType": "String", "StringValue": parent}},
    )
    message = world.receive()
    world.queue.redrive(message)
    world.queue.delete([message])
    assert world.receive().trace_ids.traceparent == parent


def test_a_redrive_passes_the_order_gate(live: World) -> None:
    dead_letter(live, "gone.txt")
    dead_letter(live, "newer.txt")
    live.clients.s3.delete_object(Bucket="source", Key="gone.txt")
    live.put("newer.txt", b"newer")
    live.announce("newer.txt")
    live.work()
    fence = live.row("newer.txt").fence
    Operator(live).redrive()
    live.work()
    assert live.row("gone.txt").state is State.TOMBSTONED
    assert (live.row("newer.txt").fence, live.row("newer.txt").state) == (fence, State.INDEXED)
    assert indexed_document(live, "newer.txt").pages[0].text == "newer"


def test_what_sqs_moved_is_freed_and_processed_at_once(live: World) -> None:
    moved_by_sqs(live, "a.txt", failures=2)
    row = live.row("a.txt")
    assert (row.state, row.failures, row.owner) == (State.PROCESSING, 2, "me")
    Operator(live).redrive()
    row = live.row("a.txt")
    assert (row.failures, row.owner, row.reason) == (0, None, "timeout")
    live.work()
    assert (live.row("a.txt").state, live.consumer.in_flight) == (State.INDEXED, 0)


def test_a_row_that_another_message_holds_keeps_its_holder(world: World) -> None:
    moved_by_sqs(world, "a.txt", failures=2, owner=False)
    world.claim(world.message("a.txt"), message_id="newer event")
    Operator(world).redrive()
    assert (world.row("a.txt").owner, world.row("a.txt").failures) == ("me", 0)


def test_only_what_the_filters_name_is_redriven(world: World) -> None:
    for key in ("x/a.pdf", "x/b.txt", "y/c.pdf"):
        dead_letter(world, key)
    dead_letter(world, "x/d.pdf", Code.SOURCE_FORBIDDEN)
    files = FileFilter(reasons=frozenset({"too_many_failures"}), types=frozenset({"pdf"}), prefix="x/")
    result = Operator(world).redrive(files=files)
    assert (result.done, world.waiting(), dlq_depth(world)) == (1, 1, (3, 0))


def test_a_limit_and_an_age_bound_what_is_redriven(world: World) -> None:
    for number in range(5):
        dead_letter(world, f"{number}.txt")
    assert Operator(world).redrive(limit=2).done == 2
    assert Operator(world).redrive(newer_than_s=60.0).done == 0
    assert Operator(world).redrive(older_than_s=60.0, names=("3.txt",)).done == 1
    assert dlq_depth(world) == (2, 0)


def test_what_cannot_be_read_stays_unless_it_is_named(world: World) -> None:
    sent = world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody="no JSON")
    result = Operator(world).redrive()
    assert (result.unreadable, result.done, dlq_depth(world)) == (1, 0, (1, 0))
    assert Operator(world).redrive(names=(sent["MessageId"],)).done == 1
    assert (dlq_depth(world), world.waiting()) == ((0, 0), 1)


@pytest.mark.parametrize(
    ("client", "operation"),
    [("sqs", "SendMessage"), ("dynamodb", "UpdateItem"), ("sqs", "DeleteMessageBatch")],
)
def test_no_message_is_lost_when_a_call_fails(live: World, client: str, operation: str) -> None:
    for key in ("a.txt", "b.txt"):
        dead_letter(live, key)
    live.fail(client, operation, 3 if operation != "DeleteMessageBatch" else 30)
    result = Operator(live).redrive()
    assert result.failed + result.undeleted > 0
    assert not result.is_complete
    visible, hidden = dlq_depth(live)
    assert (visible + result.done, hidden) == (2, 0)
    make_visible(live)
    Operator(live).redrive()
    for _ in range(3):
        live.work()
    assert [live.row(key).state for key in ("a.txt", "b.txt")] == [State.INDEXED] * 2


def test_an_outage_ends_the_command_and_leaves_all_of_it(world: World) -> None:
    for number in range(5):
        dead_letter(world, f"{number}.txt")
    world.fail("sqs", "SendMessage")
    with pytest.raises(UnavailableError):
        Operator(world).redrive()
    assert dlq_depth(world) == (5, 0)


def test_a_stop_leaves_the_rest_visible(world: World) -> None:
    for number in range(5):
        dead_letter(world, f"{number}.txt")
    operator = Operator(world, is_stopped=lambda: world.waiting() >= 2)
    result = operator.redrive()
    assert (result.done, result.is_stopped) == (2, True)
    assert dlq_depth(world) == (3, 0)


def test_a_rate_spreads_the_messages(world: World) -> None:
    for number in range(5):
        dead_letter(world, f"{number}.txt")
    began = world.clock.now
    Operator(world, per_s=2.0).redrive()
    assert world.clock.now - began == pytest.approx(2.0)


def test_a_purge_deletes_what_is_wanted_and_leaves_the_rows(world: World) -> None:
    for key in ("a.txt", "b.txt"):
        dead_letter(world, key)
    result = Operator(world).purge(names=("a.txt",))
    assert (result.done, dlq_depth(world), world.waiting()) == (1, (1, 0), 0)
    assert world.row("a.txt").state is State.DEAD_LETTERED


def test_a_purge_deletes_nothing_that_was_not_confirmed(world: World) -> None:
    dead_letter(world, "a.txt")
    shown = frozenset(letter.message_id for letter in Operator(world).list())
    dead_letter(world, "b.txt")
    assert Operator(world).purge(confirmed=shown).done == 1
    (left,) = Operator(world).list()
    assert left.files[0].key == "b.txt"


def test_a_stored_body_is_redriven_by_its_pointer(live: World) -> None:
    live.put("a.txt")
    pointer = live.attempts.bodies.store(body("a.txt"))
    live.clients.sqs.send_message(QueueUrl=live.dlq_url, MessageBody=pointer)
    (letter,) = Operator(live).list()
    assert letter.files[0].key == "a.txt"
    Operator(live).redrive()
    live.work()
    assert live.row("a.txt").state is State.INDEXED
