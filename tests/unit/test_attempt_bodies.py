"""Message bodies near the limit of SQS, and what senders may put beside them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.dead_letter_messages import dead_letters, metric
from tests.unit.event_bodies import native, record
from tests.unit.world import RESULTS
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

LIMIT = 1_048_576


def fill(body: dict[str, object], size_bytes: int = LIMIT) -> str:
    """The body with a field that makes it this large."""
    empty = len(json.dumps({**body, "filler": ""}))
    text = json.dumps({**body, "filler": "x" * (size_bytes - empty)})
    assert len(text) == size_bytes
    return text


@pytest.fixture(autouse=True)
def strict(world: World) -> None:
    """SQS counts the attributes, too, which moto does not."""

    def check(params: dict[str, Any], **_: Any) -> None:
        size_bytes = len(params["MessageBody"].encode())
        for name, value in params.get("MessageAttributes", {}).items():
            size_bytes += len(name + value["DataType"] + value["StringValue"])
        if size_bytes > LIMIT:
            reason = f"Message must be shorter than {LIMIT} bytes."
            raise ClientError({"Error": {"Code": "InvalidParameterValue", "Message": reason}}, "SendMessage")

    world.clients.sqs.meta.events.register("before-parameter-build.sqs.SendMessage", check)


def stored_bodies(world: World) -> list[str]:
    return world.storage.keys("bodies/")


def test_a_body_at_the_limit_is_dead_lettered_by_a_pointer(world: World) -> None:
    body = fill(native(s3Bucket="other"))
    world.queue.send(body)
    world.work()
    (dead,) = dead_letters(world)
    assert world.waiting() == 0
    assert dead.cis["code"] == "source_not_allowed"
    pointer = json.loads(dead.body)["cis_body"]
    assert pointer["bucket"] == RESULTS
    assert pointer["key"] == f"bodies/{hashlib.sha256(body.encode()).hexdigest()}"
    assert world.storage.get(pointer["key"]) == body.encode()


def test_a_redriven_pointer_is_read_as_the_body_it_stands_for(world: World) -> None:
    world.clients.s3.create_bucket(Bucket="other")
    world.clients.s3.put_object(Bucket="other", Key="a.pdf", Body=b"")
    world.queue.send(fill(native(s3Bucket="other")))
    world.work()
    (dead,) = dead_letters(world)
    world.attempts.source_buckets = ("other",)
    world.queue.send(dead.body)
    world.work()
    world.bucket = "other"
    assert world.row("a.pdf").state is State.NO_CONTENT
    assert (world.waiting(), dead_letters(world)) == (0, [])
    # SQS may deliver the message once more: the worker deletes no stored body.
    assert len(stored_bodies(world)) == 1


def test_a_body_at_the_limit_is_requeued_and_processed_by_the_next_worker(world: World) -> None:
    world.put("a.pdf", b"")
    world.queue.send(fill(native(s3Bucket="source")))
    world.consumer.step()
    world.shutdown.request("test")
    world.consumer.attempt_step()
    assert world.settlement.requeued == 1
    message = world.receive()
    assert message.interruptions == 1
    assert len(message.body) < 1_000
    lease = world.heartbeat.hold(message)
    world.shutdown.__init__(timeout_s=110, clock=world.clock)  # type: ignore[misc]
    ended = world.attempts.attempt(lease, None)
    assert ended is not None
    assert world.row("a.pdf").state is State.NO_CONTENT


def test_one_large_record_of_many_is_dead_lettered_by_a_pointer(world: World) -> None:
    world.put("a", b"")
    odd = record(bucket="other", filler="\N{GRINNING FACE}" * 100_000)
    body = {"Records": [record(bucket="source", key="a"), odd]}
    world.queue.send(json.dumps(body, ensure_ascii=False))
    world.work()
    (dead,) = dead_letters(world)
    stored = world.storage.get(json.loads(dead.body)["cis_body"]["key"])
    assert json.loads(stored or b"") == {"Records": [odd]}
    assert world.row("a").state is State.NO_CONTENT


def test_a_queue_with_a_lower_limit_gets_a_pointer(world: World) -> None:
    world.clients.sqs.set_queue_attributes(QueueUrl=world.dlq_url, Attributes={"MaximumMessageSize": "2048"})
    world.queue.send(fill(native(s3Bucket="other"), 3_000))
    world.work()
    (dead,) = dead_letters(world)
    assert list(json.loads(dead.body)) == ["cis_body"]


def _pointer(**changes: Any) -> str:
    digest = hashlib.sha256(b"{}").hexdigest()
    return json.dumps(
        {"cis_body": {"bucket": RESULTS, "key": f"bodies/{digest}", "sha256": digest, **changes}}
    )


@pytest.mark.parametrize(
    "forged",
    [
        _pointer(),
        _pointer(bucket="source"),
        _pointer(key="artifacts/x"),
        _pointer(key="bodies/../artifacts/x"),
        _pointer(sha256="x"),
        _pointer(sha256=None),
        _pointer(more=1),
        '{"cis_body": "text"}',
        '{"cis_body": {}}',
        '{"cis_body": {}, "eventType": "FILE_UPLOADED"}',
    ],
)
def test_a_forged_pointer_is_malformed_and_reads_nothing_else(world: World, forged: str) -> None:
    asked: list[str] = []
    events = world.clients.s3.meta.events
    events.register("before-parameter-build.s3", lambda params, **_: asked.append(params["Key"]))
    world.queue.send(forged)
    world.work()
    (dead,) = dead_letters(world)
    assert (dead.body, dead.cis["code"]) == (forged, "malformed_message")
    assert metric(world, 'cis_records_rejected_total{code="malformed_message"} 1.0')
    assert asked in ([], [json.loads(_pointer())["cis_body"]["key"]])


def test_an_altered_body_is_not_read(world: World) -> None:
    world.queue.send(fill(native(s3Bucket="source")))
    world.consumer.step()
    world.shutdown.request("test")
    world.consumer.attempt_step()
    (key,) = stored_bodies(world)
    world.storage.put(key, json.dumps(native(s3Bucket="source", s3Key="else")).encode())
    message = world.receive()
    with pytest.raises(Exception, match="altered"):
        world.attempts.bodies.resolve(message.body)


def test_a_stored_body_waits_for_an_outage_of_its_bucket(world: World) -> None:
    world.queue.send(_pointer())
    world.fail("s3", "GetObject", times=3)
    world.work()
    assert (world.waiting(), dead_letters(world)) == (1, [])


def test_what_a_sender_puts_beside_its_body_is_bounded(world: World) -> None:
    flood = {f"x{number}": "y" * 1_000 for number in range(200)}
    cis = {"correlation": "営業\n" + "c" * 5_000, **flood, "nested": {"a": [1]}, "interruptions": 10**400}
    world.clients.sqs.send_message(
        QueueUrl=world.queue_url,
        MessageBody=json.dumps(native(s3Bucket="other")),
        MessageAttributes={"cis": {"DataType": "String", "StringValue": json.dumps(cis)}},
    )
    message = world.receive()
    assert message.correlation == "c" * 128
    world.queue.requeue(message, delay_s=0)
    copy = world.receive()
    assert (copy.interruptions, copy.correlation) == (1, "c" * 128)
    assert len(json.dumps(dict(copy.cis))) < 4_096


def test_a_long_reason_is_bounded_as_it_is_sent(world: World) -> None:
    world.queue.send("{}")
    world.queue.dead_letter(world.receive(), code="x", reason="\N{GRINNING FACE}" * 5_000 + "\x00")
    (dead,) = dead_letters(world)
    assert len(json.dumps(dead.cis)) < 4_096
    assert dead.cis["reason"].startswith("\N{GRINNING FACE}" * 100)
