"""EventSender: many native events to the work queue, ten a call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from worker.aws.queue_manager import QueueDepth
from worker.aws.translation import translate_errors
from worker.errors import UnavailableError
from worker.models.file import EventType

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH = 10
_TRIES = 5
# Of a whole call; ten events with the longest keys and paths stay far below.
_MOST_BYTES = 900_000


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEvent:
    """One event about one file; `again` is the fence whose finished result is to be produced again."""

    event_type: EventType
    bucket: str
    key: str
    size_bytes: int = 0
    original_path: str | None = None
    cis: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """The message body: without a path, the worker takes the one of the object's metadata."""
        values: dict[str, Any] = {
            "eventType": self.event_type.value,
            "s3Bucket": self.bucket,
            "s3Key": self.key,
            "fileSize": self.size_bytes,
        }
        if self.original_path:
            values["metadata"] = {"originalPath": self.original_path}
        return json.dumps(values)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSender:
    """Sends events to one queue.

    Every method raises UnavailableError or ThrottledError, and MisconfiguredError where the queue is missing
    or forbidden.
    """

    client: SQSClient
    queue_url: str

    def send(self, events: Sequence[FileEvent]) -> None:
        """Send all of them, in calls of ten; an event may arrive twice when a call is repeated."""
        for start in range(0, len(events), BATCH):
            batch = events[start : start + BATCH]
            half = len(batch) // 2
            if half and sum(len(event.body) for event in batch) > _MOST_BYTES:
                self.send(batch[:half])
                self.send(batch[half:])
            else:
                self._send(batch)

    def depth(self) -> QueueDepth:
        """About how many messages the queue has."""
        with translate_errors(f"read the depth of {self.queue_url}"):
            counts = self.client.get_queue_attributes(
                QueueUrl=self.queue_url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )["Attributes"]
        return QueueDepth(
            visible=int(counts["ApproximateNumberOfMessages"]),
            in_flight=int(counts["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(counts["ApproximateNumberOfMessagesDelayed"]),
        )

    def _send(self, events: Sequence[FileEvent]) -> None:
        left = {str(number): _entry(number, event) for number, event in enumerate(events)}
        reason = ""
        for _ in range(_TRIES):
            with translate_errors(f"send to {self.queue_url}"):
                answer = self.client.send_message_batch(QueueUrl=self.queue_url, Entries=list(left.values()))
            # Only what SQS names as sent is: an answer may leave an entry out.
            for sent in answer.get("Successful", []):
                left.pop(sent["Id"], None)
            if not left:
                return
            reason = ", ".join(sorted({each["Code"] for each in answer.get("Failed", [])}))
        raise UnavailableError(
            f"Could not send to {self.queue_url}: {len(left)} of {len(events)} messages were refused "
            f"({reason})."
        )


def _entry(number: int, event: FileEvent) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(number), "MessageBody": event.body}
    if event.cis:
        entry["MessageAttributes"] = {
            "cis": {"DataType": "String", "StringValue": json.dumps(dict(event.cis))}
        }
    return entry
