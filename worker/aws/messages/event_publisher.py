"""EventPublisher: sends document events to an EventBridge bus, an SNS topic or an SQS queue.

Each of the three accepts up to ten events a call, and answers with HTTP 200 although some were refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from worker.aws.messages.document_event import SCHEMA_VERSION, SOURCE, DocumentEvent
from worker.aws.messages.event_target import EventTarget, TargetKind
from worker.aws.translation import ErrorTable, misconfigured, translate_errors

_BATCH = 10
# EventBridge and SNS take 256 KB a call; what is added to an event is less than a kilobyte.
_BATCH_BYTES = 256 * 1024
_OVERHEAD_BYTES = 1_024
_NO_REASONS: Mapping[str, str] = MappingProxyType({})
_ACTIONS = {
    TargetKind.EVENT_BUS: "events:PutEvents",
    TargetKind.TOPIC: "sns:Publish",
    TargetKind.QUEUE: "sqs:SendMessage",
}


@dataclass(kw_only=True, slots=True, eq=False)
class EventPublisher:
    """Sends to one target with its client; several threads may call `publish`."""

    client: Any
    target: EventTarget
    _queue_url: str = field(default="", init=False)

    def publish(self, events: Sequence[DocumentEvent]) -> Mapping[str, str]:
        """Send events; the reasons of those that the target refused, by their ids.

        Raises UnavailableError or ThrottledError when the target is unavailable (some may have been sent),
        and MisconfiguredError when it is missing or forbidden.
        """
        refused: dict[str, str] = {}
        for batch in split(events):
            with translate_errors(f"send events to {self.target.address}", self._errors):
                refused |= self._send(batch)
        return refused

    def probe(self) -> None:
        """Raise what is wrong with the target, without an effect.

        EventBridge accepts events for a bus that does not exist, and drops them.
        """
        with translate_errors(f"find {self.target.address}", self._errors):
            match self.target.kind:
                case TargetKind.EVENT_BUS:
                    self.client.describe_event_bus(Name=self.target.address)
                case TargetKind.TOPIC:
                    self.client.get_topic_attributes(TopicArn=self.target.address)
                case TargetKind.QUEUE:
                    self.client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=["QueueArn"])

    @property
    def _errors(self) -> ErrorTable:
        advice = misconfigured(
            f"Check CIS_EVENTS_TARGET, and that the role has {_ACTIONS[self.target.kind]} on it; events wait "
            "in the ledger until then."
        )
        # A service of its own: that it refuses must not look like a refusal of the worker's queue.
        codes = (
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "NotFound",
            "NotFoundException",
        )
        more = ("ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
        return dict.fromkeys((*codes, *more), advice)

    def _send(self, events: Sequence[DocumentEvent]) -> Mapping[str, str]:
        match self.target.kind:
            case TargetKind.EVENT_BUS:
                return self._put_events(events)
            case TargetKind.TOPIC:
                answer = self.client.publish_batch(
                    TopicArn=self.target.address,
                    PublishBatchRequestEntries=[
                        {**self._entry(number, event), "Message": event.text}
                        for number, event in enumerate(events)
                    ],
                )
            case TargetKind.QUEUE:
                answer = self.client.send_message_batch(
                    QueueUrl=self._url(),
                    Entries=[
                        {**self._entry(number, event), "MessageBody": event.text}
                        for number, event in enumerate(events)
                    ],
                )
        failed = answer.get("Failed", [])
        return {events[int(each["Id"])].event_id: _reason(each, "Code", "Message") for each in failed}

    def _put_events(self, events: Sequence[DocumentEvent]) -> Mapping[str, str]:
        answer = self.client.put_events(
            Entries=[
                {
                    "EventBusName": self.target.address,
                    "Source": SOURCE,
                    "DetailType": event.event_type,
                    "Detail": event.text,
                }
                for event in events
            ]
        )
        if not answer.get("FailedEntryCount"):
            return _NO_REASONS
        # The answer has an entry for each event, in their order.
        return {
            event.event_id: _reason(entry, "ErrorCode", "ErrorMessage")
            for event, entry in zip(events, answer.get("Entries", []), strict=False)
            if entry.get("ErrorCode")
        }

    def _entry(self, number: int, event: DocumentEvent) -> dict[str, Any]:
        """What a message of SNS and one of SQS have in common."""
        attributes = {
            "type": event.event_type,
            "schema_version": SCHEMA_VERSION,
            "X-Request-ID": event.correlation,
        }
        entry: dict[str, Any] = {
            "Id": str(number),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        }
        if self.target.is_ordered:
            entry |= {"MessageGroupId": event.file_id, "MessageDeduplicationId": event.event_id}
        return entry

    def _url(self) -> str:
        if not self.target.address.startswith("arn:"):
            return self.target.address
        if not self._queue_url:
            account = self.target.address.split(":")[4]
            answer = self.client.get_queue_url(QueueName=self.target.name, QueueOwnerAWSAccountId=account)
            self._queue_url = answer["QueueUrl"]
        return self._queue_url


def split(events: Sequence[DocumentEvent]) -> Iterator[Sequence[DocumentEvent]]:
    """The batches in which events are sent: at most ten, within the size of one call."""
    batch: list[DocumentEvent] = []
    size_bytes = 0
    for event in events:
        # The text is ASCII.
        event_bytes = len(event.text) + _OVERHEAD_BYTES
        if batch and (len(batch) == _BATCH or size_bytes + event_bytes > _BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(event)
        size_bytes += event_bytes
    if batch:
        yield batch


def _reason(entry: Mapping[str, Any], code: str, message: str) -> str:
    return f"{entry.get(code, '')}: {entry.get(message, '')}".strip(": ")
