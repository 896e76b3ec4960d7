"""What is done to a message after its attempt: deleted last, hidden longer in an outage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.unit.runtime.test_metrics import parse_figures
from tests.unit.runtime.test_trace import PARENT, TRACE_ID
from worker import outcome
from worker.errors import JobInterrupted, UnavailableError
from worker.models.ledger import State
from worker.outcome import Ending, Outcome

if TYPE_CHECKING:
    from tests.unit.world import World
    from worker.aws.queue_manager import ReceivedMessage

pytestmark = pytest.mark.unit


def test_a_message_is_deleted_after_its_row_is_committed(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.work()
    row = world.row("empty")
    assert (row.state, row.reason, row.owner) == (State.NO_CONTENT, "empty", None)
    assert world.waiting() == 0


def test_a_commit_that_fails_keeps_the_message(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    world.fail("dynamodb", "UpdateItem")
    world.work()
    assert world.waiting() == 1
    assert world.dead_letters() == []


@pytest.mark.parametrize(("passed_s", "requeued"), [(112, 1), (121, 0)])
def test_only_a_lease_that_has_not_lapsed_is_renewed_and_requeued(
    world: World, passed_s: float, requeued: int
) -> None:
    world.announce("empty")
    world.consumer.step()
    world.clock.now += passed_s
    world.shutdown.request("test")
    world.consumer.attempt_step()
    assert (world.settlement.requeued, world.settlement.unsettled) == (requeued, 1 - requeued)
    assert world.waiting() == 1


def test_a_message_whose_lease_cannot_be_renewed_is_left_to_the_queue(world: World) -> None:
    world.announce("empty")
    world.consumer.step()
    world.clock.now += 112
    world.fail("sqs", "ChangeMessageVisibilityBatch")
    world.shutdown.request("test")
    world.consumer.attempt_step()
    assert (world.settlement.requeued, world.settlement.unsettled) == (0, 1)
    assert world.waiting() == 1


def test_an_outage_does_not_use_up_the_receives_of_the_queue(world: World) -> None:
    delays: list[int] = []
    world.clients.sqs.meta.events.register(
        "before-parameter-build.sqs.ChangeMessageVisibility",
        lambda params, **_: delays.append(params["VisibilityTimeout"]),
    )
    world.put("empty", b"")
    world.announce("empty")
    for _ in range(3):
        world.queue.hide(world.receive(), delay_s=0)
    world.fail("dynamodb", "GetItem")
    delays.clear()
    world.work()
    assert delays == [30 * 4]


def test_a_message_is_requeued_although_the_ledger_does_not_answer(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    lease = world.heartbeat.hold(world.receive())
    lease.claim = world.claim(world.message("empty"), message_id=lease.message.message_id).claim
    world.fail("dynamodb", "UpdateItem")
    world.shutdown.request("test")
    world.settlement.settle(lease, outcome.from_error(JobInterrupted("stop"), failures=0, max_failures=3))
    assert (world.settlement.requeued, world.settlement.unsettled) == (1, 0)
    assert world.receive().receive_count == 1


def test_what_a_stop_could_not_settle_is_counted(world: World) -> None:
    for key in ("a", "b"):
        world.put(key, b"")
        world.announce(key)
    world.consumer.step()
    world.fail("sqs", "DeleteMessageBatch")
    world.consumer.attempt_step()
    assert world.settlement.unsettled == 0
    world.shutdown.request("test")
    world.fail("sqs", "SendMessage")
    world.consumer.attempt_step()
    assert (world.settlement.requeued, world.settlement.unsettled) == (0, 1)


class _Delays:
    """The delays that the worker asks SQS for, none of which is waited for."""

    def __init__(self, world: World) -> None:
        self.asked: list[int] = []
        events = world.clients.sqs.meta.events
        events.register("before-parameter-build.sqs.ChangeMessageVisibility", self._hide)
        events.register("before-parameter-build.sqs.SendMessage", self._send)

    def _hide(self, params: dict[str, Any], **_: Any) -> None:
        self.asked.append(params["VisibilityTimeout"])
        params["VisibilityTimeout"] = 0

    def _send(self, params: dict[str, Any], **_: Any) -> None:
        if params["DelaySeconds"]:
            self.asked.append(params["DelaySeconds"])
            params["DelaySeconds"] = 0


def _outage(world: World, receives: int) -> list[ReceivedMessage]:
    """Receive the one message so often, each time while a service is unavailable."""
    ended = outcome.from_error(UnavailableError("x"), failures=0, max_failures=3)
    seen: list[ReceivedMessage] = []
    for _ in range(receives):
        seen.append(world.receive())
        world.settlement.settle(world.heartbeat.hold(seen[-1]), ended)
    return seen


def test_a_long_outage_never_brings_a_message_to_the_limit_of_the_queue(world: World) -> None:
    delays = _Delays(world)
    world.put("empty", b"")
    world.announce("empty")
    seen = _outage(world, 120)
    assert max(message.receive_count for message in seen) == 10
    assert len({message.message_id for message in seen}) == 12
    # The wait goes on growing where a fresh copy took the place of the message, up to 15 minutes.
    assert delays.asked == [min(900, 30 * times) for times in range(1, 121)]
    assert {message.first_seen_ms for message in seen} == {seen[0].first_seen_ms}
    assert {message.correlation for message in seen} == {seen[0].message_id}
    assert {message.interruptions for message in seen} == {0}
    assert world.dead_letters() == []
    world.work()
    assert world.row("empty").state is State.NO_CONTENT
    assert world.waiting() == 0


@pytest.mark.parametrize("status", [500, 403])
def test_a_message_is_hidden_longer_though_the_ledger_cannot_be_written(world: World, status: int) -> None:
    delays = _Delays(world)
    job = world.claim(world.put("a"))
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    lease.claim = job.claim
    world.fail("dynamodb", "UpdateItem")
    world.settlement.settle(lease, outcome.from_error(UnavailableError("x"), failures=0, max_failures=3))
    assert delays.asked == [30]


def test_no_copy_is_made_on_a_lease_that_cannot_be_renewed(world: World) -> None:
    _Delays(world)
    world.announce("a")
    _outage(world, 9)
    lease = world.heartbeat.hold(world.receive())
    world.clock.now += 111
    world.fail("sqs", "ChangeMessageVisibilityBatch")
    world.settlement.settle(lease, outcome.from_error(UnavailableError("x"), failures=0, max_failures=3))
    assert world.waiting() == 1
    assert world.receive().receive_count == 11


@pytest.mark.parametrize("forged", [-5, True, "9", 10**30, None])
def test_a_forged_count_of_receives_does_no_harm(world: World, forged: object) -> None:
    delays = _Delays(world)
    world.queue.send("{}", cis={"receives": forged})
    _outage(world, 1)
    assert 30 <= delays.asked[0] <= 900


def test_errors_before_the_claim_that_nobody_foresaw_are_dead_lettered_in_the_end(world: World) -> None:
    _Delays(world)
    world.put("a")
    world.announce("a")

    def fail(**_: Any) -> None:
        raise ValueError("unforeseen")

    world.clients.s3.meta.events.register_first("before-call.s3.HeadObject", fail)
    for _ in range(11):
        world.work()
        assert world.dead_letters() == []
    world.work()
    (message,) = world.dead_letters()
    assert (message["code"], message["receive_count"]) == ("too_many_failures", 12)
    assert world.waiting() == 0


def test_a_requeue_hides_the_copy_from_the_open_poll_of_the_worker(world: World) -> None:
    delays = _Delays(world)
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.settlement.poll_ends = world.clock.now + 17.5
    ended = outcome.from_error(JobInterrupted("stop"), failures=0, max_failures=3)
    world.settlement.settle(lease, ended)
    assert delays.asked == [18 + 2]


@pytest.mark.parametrize("ending", list(Ending))
def test_a_settled_message_is_renewed_no_more(world: World, ending: Ending) -> None:
    renewed: list[object] = []
    world.clients.sqs.meta.events.register(
        "before-parameter-build.sqs.ChangeMessageVisibilityBatch", lambda **_: renewed.append(1)
    )
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    world.settlement.settle(lease, Outcome(ending=ending, code="unavailable", delay_s=30))
    world.clock.now += 60
    world.heartbeat.step()
    assert renewed == []


def test_copies_and_dead_letters_keep_what_the_sender_named_the_message(world: World) -> None:
    named = {"X-Request-ID": "req-1", "traceparent": PARENT}
    world.clients.sqs.send_message(
        QueueUrl=world.queue_url,
        MessageBody="no json",
        MessageAttributes={n: {"DataType": "String", "StringValue": v} for n, v in named.items()},
    )
    message = world.receive()
    assert (message.correlation, message.trace.trace_id) == ("req-1", TRACE_ID)
    with capture_logs() as lines:
        world.settlement.settle(world.heartbeat.hold(message), Outcome(ending=Ending.REQUEUE))
    copy = world.receive()
    assert (copy.trace_ids, copy.interruptions) == (message.trace_ids, 1)
    assert copy.trace.span_id != message.trace.span_id
    assert [(line["event"], line["copy"]) for line in lines] == [("message_requeued", copy.message_id)]
    ended = Outcome(ending=Ending.DEAD_LETTER, code="malformed_message")
    world.settlement.settle(world.heartbeat.hold(copy), ended)
    answer = world.clients.sqs.receive_message(QueueUrl=world.dlq_url, MessageAttributeNames=["All"])
    attributes = answer["Messages"][0]["MessageAttributes"]
    assert {n: attributes[n]["StringValue"] for n in named} == named
    assert json.loads(attributes["cis"]["StringValue"])["correlation"] == "req-1"
    figures = parse_figures(world.metrics)
    assert figures["cis_requeues_total", (("reason", "interrupted"),)] == 1


def test_a_lease_that_lapsed_unnoticed_is_counted_as_lost(world: World) -> None:
    world.announce("a")
    ended = Outcome(ending=Ending.ABANDON)
    world.settlement.settle(world.heartbeat.hold(world.receive()), ended)
    assert parse_figures(world.metrics)["cis_leases_lost_total", ()] == 1
