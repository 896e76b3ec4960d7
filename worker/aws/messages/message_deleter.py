"""MessageDeleter: deletes messages of one queue, ten to a call, and says which of them are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from worker.aws.messages.received_message import ReceivedMessage
from worker.aws.translation import translate_errors
from worker.errors import TransientError
from worker.runtime.trace import follow

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef

BATCH = 10
"""One call of SQS deletes so many."""
_TRIES = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Undeleted:
    """What one call left: entries refused for good (a stale receipt), and those that SQS failed at."""

    refused: tuple[ReceivedMessage, ...] = ()
    failed: tuple[ReceivedMessage, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageDeleter:
    """Several threads may call it."""

    client: SQSClient
    queue_url: str

    def delete(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages, with three tries for what is SQS's own fault; those that were not deleted.

        Raises MisconfiguredError only.
        """
        left: list[ReceivedMessage] = []
        for start in range(0, len(messages), BATCH):
            left += self._delete_batch(messages[start : start + BATCH])
        return left

    def delete_once(self, messages: Sequence[ReceivedMessage]) -> Undeleted:
        """Delete up to ten messages with one call. Raises WorkerError where it failed as a whole."""
        by_id = dict(enumerate(messages))
        refused, failed = self._call(by_id)
        return Undeleted(
            refused=tuple(by_id[number] for number in refused),
            failed=tuple(by_id[number] for number in failed),
        )

    def _delete_batch(self, batch: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        left = dict(enumerate(batch))
        refused: list[ReceivedMessage] = []
        for _ in range(_TRIES):
            if not left:
                break
            try:
                refused_ids, failed_ids = self._call(left)
            except TransientError as error:
                _log.warning("delete_failed", messages=len(left), error=str(error))
                break
            refused += [left[number] for number in refused_ids]
            left = {number: left[number] for number in failed_ids}
        return [*refused, *left.values()]

    def _call(self, messages: Mapping[int, ReceivedMessage]) -> tuple[list[int], list[int]]:
        """Delete messages by number; the numbers of those refused for good, and of those that failed."""
        # The entry's id is its index: a batch may hold two receipts of one message.
        with translate_errors(f"delete messages of {self.queue_url}"):
            response = self.client.delete_message_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt_handle}
                    for index, message in messages.items()
                ],
            )
        failed = response.get("Failed", [])
        for entry in failed:
            message = messages[int(entry["Id"])]
            with follow(message.trace):
                log_failed("delete_refused", entry, message.message_id)
        # A sender fault, such as a stale handle, does not go away by retrying.
        return (
            [int(entry["Id"]) for entry in failed if entry["SenderFault"]],
            [int(entry["Id"]) for entry in failed if not entry["SenderFault"]],
        )


def log_failed(event: str, entry: BatchResultErrorEntryTypeDef, message_id: str) -> None:
    """Log an entry that failed in a batch which was answered with HTTP 200."""
    _log.warning(
        event,
        message_id=message_id,
        code=entry["Code"],
        error=entry.get("Message", ""),
        sender_fault=entry["SenderFault"],
    )
