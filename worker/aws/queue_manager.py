"""QueueManager: everything that is said to SQS.

A 200 from SQS proves nothing about ownership: deleting with a stale handle "succeeds" without
deleting, and extending a lapsed one does nothing. So the lease is a deadline counted on the local
clock from *before* the receive call, and no result here is ever needed for correctness; the ledger's
fence decides. What we add to a message travels in one JSON attribute named `cis`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from worker.aws import received_message
from worker.aws.received_message import ReceivedMessage
from worker.aws.translation import translate, translated
from worker.errors import TransientError
from worker.resilience.error_classification import error_code

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef, MessageAttributeValueTypeDef

__all__ = ["Extension", "QueueDepth", "QueueManager", "ReceivedMessage"]

_log = structlog.get_logger(__name__)

_BATCH = 10
_DELETE_TRIES = 3
_LONGEST_WAIT_S = 20
_LONGEST_DELAY_S = 900
_LONGEST_VISIBILITY_S = 43_200
_REASON_CHARS = 500

_LEASE_GONE = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "InvalidParameterValueException",  # the same, by the JSON protocol
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """Message ids whose lease was extended, and those that are ours no more.

    A message in neither was in a call that failed: its old deadline stands.
    """

    landed: frozenset[str]
    lost: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueDepth:
    """SQS's approximate counts: never to be asserted on, good enough to scale by."""

    visible: int
    in_flight: int
    delayed: int


class QueueManager:
    """The work queue and its dead-letter queue.

    Every method raises UnavailableError or ThrottledError when SQS is away and MisconfiguredError
    when a queue is missing or forbidden, except where it says otherwise. `poll_client` is used to
    receive; its read time-out must outlast a long poll.
    """

    def __init__(
        self,
        client: SQSClient,
        *,
        queue_url: str,
        dlq_url: str,
        poll_client: SQSClient | None = None,
        visibility_s: int = 120,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._poll_client = poll_client or client
        self._queue_url = queue_url
        self._dlq_url = dlq_url
        self._visibility_s = visibility_s
        self._clock = clock

    def receive(self, *, limit: int, wait_s: int = _LONGEST_WAIT_S) -> list[ReceivedMessage]:
        """Take up to `limit` messages (clamped to 1..10), waiting up to `wait_s` (0..20) for the first."""
        began = self._clock()
        with translated(f"receive from {self._queue_url}"):
            response = self._poll_client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=max(1, min(limit, _BATCH)),
                WaitTimeSeconds=max(0, min(wait_s, _LONGEST_WAIT_S)),
                VisibilityTimeout=self._visibility_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["cis"],
            )
        return [
            received_message.from_wire(message, received_at=began, visibility_s=self._visibility_s)
            for message in response.get("Messages", [])
        ]

    def delete(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages and return those that could not be deleted.

        Failed entries that are SQS's own fault are tried again; an outage is logged, not raised,
        because a message that comes back is recognised by its ledger row.
        Raises MisconfiguredError only.
        """
        return [message for batch in _batches(messages) for message in self._delete_batch(batch)]

    def extend(self, messages: Sequence[ReceivedMessage], *, visibility_s: int) -> Extension:
        """Hide messages for `visibility_s` from now. Raises nothing: what did not land is not listed."""
        landed: set[str] = set()
        lost: set[str] = set()
        for batch in _batches(messages):
            try:
                response = self._client.change_message_visibility_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {
                            "Id": str(index),
                            "ReceiptHandle": message.receipt_handle,
                            "VisibilityTimeout": visibility_s,
                        }
                        for index, message in enumerate(batch)
                    ],
                )
            except (ClientError, BotoCoreError) as error:
                _log.warning("extend_failed", messages=len(batch), error=str(error))
                continue
            landed |= {batch[int(entry["Id"])].message_id for entry in response.get("Successful", [])}
            for entry in response.get("Failed", []):
                message_id = batch[int(entry["Id"])].message_id
                _log_failed("extend_refused", entry, message_id)
                if entry["Code"] in _LEASE_GONE:
                    lost.add(message_id)
        return Extension(landed=frozenset(landed), lost=frozenset(lost - landed))

    def hide(self, message: ReceivedMessage, *, delay_s: int) -> None:
        """Let a message come back after `delay_s`; one that is no longer ours is left alone."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url,
                ReceiptHandle=message.receipt_handle,
                VisibilityTimeout=max(0, min(delay_s, _LONGEST_VISIBILITY_S)),
            )
        except (ClientError, BotoCoreError) as error:
            if not (isinstance(error, ClientError) and error_code(error) in _LEASE_GONE):
                raise translate(error, what=f"hide message {message.message_id}") from error
            _log.info("hide_too_late", message_id=message.message_id, code=error_code(error))

    def send(self, body: str, *, cis: Mapping[str, Any] | None = None, delay_s: int = 0) -> str:
        """Send a message to the work queue, hidden for `delay_s` (0..900); returns its id."""
        return self._send(self._queue_url, body, cis or {}, delay_s=delay_s)

    def requeue(self, message: ReceivedMessage, *, delay_s: int) -> None:
        """Replace a message by a fresh copy, so that an interruption costs no receive count.

        The copy is sent first: when that fails the original stays, and SQS redelivers it.
        """
        cis = {
            **message.cis,
            "interruptions": message.interruptions + 1,
            "first_seen": message.first_seen_ms,
            "correlation": message.correlation,
        }
        self._send(self._queue_url, message.body, cis, delay_s=delay_s)
        self.delete([message])

    def dead_letter(
        self, message: ReceivedMessage, *, code: str, reason: str, stage: str = "", body: str | None = None
    ) -> None:
        """Send a message (or the one record of it in `body`) to the dead-letter queue with its reason.

        The original is not deleted: the consumer does that once the end is recorded.
        """
        cis = {
            "code": code,
            "reason": _printable(reason),
            "stage": stage,
            "message_id": message.message_id,
            "receive_count": message.receive_count,
            "interruptions": message.interruptions,
            "first_seen": message.first_seen_ms,
            "correlation": message.correlation,
        }
        self._send(self._dlq_url, message.body if body is None else body, cis, delay_s=0)

    def dead_letter_anew(self, body: str, *, code: str, reason: str, stage: str) -> None:
        """Send a body whose own message is gone to the dead-letter queue, with its reason."""
        self._send(
            self._dlq_url, body, {"code": code, "reason": _printable(reason), "stage": stage}, delay_s=0
        )

    def depth(self) -> QueueDepth:
        """About how many messages wait, are being worked on, and are delayed."""
        with translated(f"read the depth of {self._queue_url}"):
            response = self._client.get_queue_attributes(
                QueueUrl=self._queue_url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        counts = response["Attributes"]
        return QueueDepth(
            visible=int(counts["ApproximateNumberOfMessages"]),
            in_flight=int(counts["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(counts["ApproximateNumberOfMessagesDelayed"]),
        )

    def _send(self, url: str, body: str, cis: Mapping[str, Any], *, delay_s: int) -> str:
        # json escapes everything SQS forbids in an attribute; an empty attribute is refused
        attributes: dict[str, MessageAttributeValueTypeDef] = {}
        if cis:
            attributes["cis"] = {"DataType": "String", "StringValue": json.dumps(cis)}
        with translated(f"send to {url}"):
            response = self._client.send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageAttributes=attributes,
                DelaySeconds=max(0, min(delay_s, _LONGEST_DELAY_S)),
            )
        return response["MessageId"]

    def _delete_batch(self, batch: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        left = dict(enumerate(batch))
        refused: list[ReceivedMessage] = []
        for _ in range(_DELETE_TRIES):
            if not left:
                break
            try:
                failed = self._delete_once(left)
            except TransientError as error:
                _log.warning("delete_failed", messages=len(left), error=str(error))
                break
            for entry in failed:
                _log_failed("delete_refused", entry, left[int(entry["Id"])].message_id)
            refused += [left[int(entry["Id"])] for entry in failed if entry["SenderFault"]]
            left = {int(e["Id"]): left[int(e["Id"])] for e in failed if not e["SenderFault"]}
        return [*refused, *left.values()]

    def _delete_once(self, messages: Mapping[int, ReceivedMessage]) -> list[BatchResultErrorEntryTypeDef]:
        # the index is the entry's id: one batch may hold two receipts of one message
        with translated(f"delete messages of {self._queue_url}"):
            response = self._client.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt_handle}
                    for index, message in messages.items()
                ],
            )
        return response.get("Failed", [])


def _batches(messages: Sequence[ReceivedMessage]) -> Iterator[Sequence[ReceivedMessage]]:
    for start in range(0, len(messages), _BATCH):
        yield messages[start : start + _BATCH]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:_REASON_CHARS]


def _log_failed(event: str, entry: BatchResultErrorEntryTypeDef, message_id: str) -> None:
    _log.warning(
        event,
        message_id=message_id,
        code=entry["Code"],
        error=entry.get("Message", ""),
        sender_fault=entry["SenderFault"],
    )
