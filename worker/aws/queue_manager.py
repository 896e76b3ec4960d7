"""QueueManager: receive, delete, extend, requeue and dead-letter messages on SQS.

A 200 from SQS proves nothing about ownership: deleting with a stale handle "succeeds" without deleting.
Correctness never depends on a result here; the ledger's fence decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from worker.aws.messages import received_message
from worker.aws.messages.message_deleter import BATCH, MessageDeleter, Undeleted, log_failed
from worker.aws.messages.message_sender import MessageSender
from worker.aws.messages.received_message import ReceivedMessage
from worker.aws.translation import translate, translate_errors
from worker.resilience.error_classification import error_code
from worker.runtime.trace import follow

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

__all__ = ["Extension", "QueueDepth", "QueueManager", "ReceivedMessage", "Undeleted"]

_log = structlog.get_logger(__name__)

_LONGEST_WAIT_S = 20
_LONGEST_VISIBILITY_S = 43_200
_REASON_CHARS = 500

_LEASE_LOST_CODES = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "InvalidParameterValueException",  # the same in the JSON protocol
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """Message ids whose lease was extended, and those whose lease is lost.

    A message in neither set was in a call that failed: its old deadline stands.
    """

    landed: frozenset[str]
    lost: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueDepth:
    """SQS's approximate counts: good enough for scaling, too inexact for assertions."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All messages of the queue."""
        return self.visible + self.in_flight + self.delayed


class QueueManager:
    """The work queue and its dead-letter queue.

    Every method raises UnavailableError or ThrottledError when SQS is unavailable and MisconfiguredError
    when a queue is missing or forbidden, except where stated otherwise. `poll_client` is used to
    receive; its read time-out must be longer than a long poll.
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
        self._sender = MessageSender(client)
        self._deleter = MessageDeleter(client=client, queue_url=queue_url)
        self._clock = clock

    def store_large_bodies(self, store: Callable[[str], str]) -> None:
        """Have bodies that do not fit the queue kept by `store`; it returns what to send in their place."""
        self._sender.store_body = store

    def receive(self, *, limit: int, wait_s: int = _LONGEST_WAIT_S) -> list[ReceivedMessage]:
        """Receive up to `limit` messages (clamped to 1..10), waiting up to `wait_s` (0..20) for the first."""
        # The lease is counted from before the call: SQS starts it at some moment before the response arrives.
        began = self._clock()
        with translate_errors(f"receive from {self._queue_url}"):
            response = self._poll_client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=max(1, min(limit, BATCH)),
                WaitTimeSeconds=max(0, min(wait_s, _LONGEST_WAIT_S)),
                VisibilityTimeout=self._visibility_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                # Names differ in case only for SQS, and senders write X-Request-ID in every case.
                MessageAttributeNames=["All"],
            )
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return [
            received_message.from_wire(
                message, received_at=began, visibility_s=self._visibility_s, headers=headers
            )
            for message in response.get("Messages", [])
        ]

    def delete(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages and return those that could not be deleted.

        Failed entries that are SQS's own fault are retried; an outage is logged, not raised,
        because the ledger row identifies a redelivered message.
        Raises MisconfiguredError only.
        """
        return self._deleter.delete(messages)

    def delete_once(self, messages: Sequence[ReceivedMessage]) -> Undeleted:
        """Delete up to ten messages with one call, for a caller that tries again itself."""
        return self._deleter.delete_once(messages)

    def extend(self, messages: Sequence[ReceivedMessage], *, visibility_s: int) -> Extension:
        """Hide messages for `visibility_s` from now. Raises nothing: failed calls are logged."""
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
                message = batch[int(entry["Id"])]
                with follow(message.trace):
                    log_failed("extend_refused", entry, message.message_id)
                if entry["Code"] in _LEASE_LOST_CODES:
                    lost.add(message.message_id)
        # A batch may hold two receipts of one message, of which one is stale.
        return Extension(landed=frozenset(landed), lost=frozenset(lost - landed))

    def hide(self, message: ReceivedMessage, *, delay_s: int) -> None:
        """Make a message visible again after `delay_s`; nothing happens when its lease is lost."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url,
                ReceiptHandle=message.receipt_handle,
                VisibilityTimeout=max(0, min(delay_s, _LONGEST_VISIBILITY_S)),
            )
        except (ClientError, BotoCoreError) as error:
            if not (isinstance(error, ClientError) and error_code(error) in _LEASE_LOST_CODES):
                raise translate(error, what=f"hide message {message.message_id}") from error
            _log.info("hide_too_late", message_id=message.message_id, code=error_code(error))

    def send(self, body: str, *, cis: Mapping[str, Any] | None = None, delay_s: int = 0) -> str:
        """Send a message to the work queue, hidden for `delay_s` (0..900); returns its id."""
        return self._sender.send(self._queue_url, body, cis or {}, delay_s=delay_s)

    def requeue(self, message: ReceivedMessage, *, delay_s: int, interrupted: bool = True) -> str:
        """Replace a message by a fresh copy, whose receive count starts over; returns its id.

        It counts as an interruption, or where it does not the copy carries the receives so far.
        """
        # The copy is sent first: when that fails the original stays, and SQS redelivers it.
        cis = {
            **message.cis,
            "interruptions": message.interruptions + interrupted,
            "first_seen": message.first_seen_ms,
            "correlation": message.correlation,
        }
        if not interrupted:
            cis["receives"] = message.receives
        copy = self._sender.send(
            self._queue_url, message.body, cis, delay_s=delay_s, trace_ids=message.trace_ids
        )
        self.delete([message])
        return copy

    def dead_letter(
        self, message: ReceivedMessage, *, code: str, reason: str, stage: str = "", body: str | None = None
    ) -> None:
        """Send a message (or the one record of it in `body`) to the dead-letter queue with its reason.

        The original is not deleted: the consumer does that once the ledger has the outcome.
        """
        cis = {
            "code": code,
            "reason": reason[:_REASON_CHARS],
            "stage": stage,
            "message_id": message.message_id,
            "receive_count": message.receives,
            "interruptions": message.interruptions,
            "first_seen": message.first_seen_ms,
            "correlation": message.correlation,
            **_rerun(message),
        }
        sent = message.body if body is None else body
        self._sender.send(self._dlq_url, sent, cis, delay_s=0, trace_ids=message.trace_ids)

    def dead_letter_anew(self, body: str, *, code: str, reason: str, stage: str) -> None:
        """Send a body whose message was deleted long ago to the dead-letter queue, with its reason."""
        self._sender.send(
            self._dlq_url, body, {"code": code, "reason": reason[:_REASON_CHARS], "stage": stage}, delay_s=0
        )

    def redrive(self, message: ReceivedMessage) -> str:
        """Send a copy of a dead letter to the work queue, whose counts and age start over; returns its id.

        The dead letter is not deleted.
        """
        cis = {"correlation": message.correlation, **_rerun(message)}
        return self._sender.send(self._queue_url, message.body, cis, delay_s=0, trace_ids=message.trace_ids)

    def depth(self) -> QueueDepth:
        """The approximate number of visible, in-flight and delayed messages."""
        with translate_errors(f"read the depth of {self._queue_url}"):
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


def _rerun(message: ReceivedMessage) -> dict[str, str]:
    return {"rerun": message.rerun.value} if message.rerun else {}


def _batches(messages: Sequence[ReceivedMessage]) -> Iterator[Sequence[ReceivedMessage]]:
    for start in range(0, len(messages), BATCH):
        yield messages[start : start + BATCH]
