"""What a strict SQS accepts, and what it says to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.resilience.sqs.conftest import URL
from tests.resilience.strict_sqs import Queue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from tests.resilience.sqs.conftest import CodeOf
    from tests.resilience.sqs_wire import SqsWire
    from worker.aws.queue_manager import QueueManager

pytestmark = pytest.mark.resilience


def text(value: str) -> MessageAttributeValueTypeDef:
    return {"DataType": "String", "StringValue": value}


@pytest.mark.parametrize(
    ("body", "attributes", "code"),
    [
        ("x" * 1_048_576, {}, None),
        ("x" * 1_048_577, {}, "InvalidParameterValue"),
        ("あ" * 349_526, {}, "InvalidParameterValue"),
        ("x" * 1_048_566, {"cis": text("x")}, None),
        ("x" * 1_048_567, {"cis": text("x")}, "InvalidParameterValue"),
        ("x", {f"a{n}": text("x") for n in range(10)}, None),
        ("x", {f"a{n}": text("x") for n in range(11)}, "InvalidParameterValue"),
        ("x", {"cis": text("")}, "InvalidParameterValue"),
        ("x", {"cis": text("a\0b")}, "InvalidMessageContents"),
        ("x", {"AWS.cis": text("x")}, "InvalidParameterValue"),
        ("a\x0bb", {}, "InvalidMessageContents"),
    ],
)
def test_what_may_be_sent(
    client: SQSClient,
    body: str,
    attributes: dict[str, MessageAttributeValueTypeDef],
    code: str | None,
    code_of: CodeOf,
) -> None:
    def send() -> object:
        return client.send_message(QueueUrl=URL, MessageBody=body, MessageAttributes=attributes)

    assert (code_of(send) if code else send()) is not None
    if code:
        assert code_of(send) == code


def test_a_batch_fails_entry_by_entry_in_a_200(manager: QueueManager, wire: SqsWire, work: Queue) -> None:
    for number in range(3):
        manager.send(str(number))
    held = [message for _ in range(9) for message in manager.receive(limit=3, wait_s=0)]
    answers = iter([False, True, False])
    wire.fails_entry = lambda: next(answers, True)
    assert manager.delete(held) == [held[1]]
    assert len(work.messages) == 1


def test_batches_have_their_own_limits(client: SQSClient, code_of: CodeOf) -> None:
    def delete(*names: str) -> object:
        entries: Any = [{"Id": name, "ReceiptHandle": "x"} for name in names]
        return client.delete_message_batch(QueueUrl=URL, Entries=entries)

    query = "AWS.SimpleQueueService."
    assert code_of(delete).removeprefix(query) == "EmptyBatchRequest"
    assert code_of(lambda: delete("a", "a")).removeprefix(query) == "BatchEntryIdsNotDistinct"
    many = [str(number) for number in range(11)]
    assert code_of(lambda: delete(*many)).removeprefix(query) == "TooManyEntriesInBatchRequest"


def test_a_queue_that_does_not_exist_is_named(client: SQSClient, code_of: CodeOf) -> None:
    code = code_of(lambda: client.receive_message(QueueUrl=URL + "x"))
    assert code == "AWS.SimpleQueueService.NonExistentQueue"
