"""A queue message as received, with its lease and the worker's own attribute `cis`.

`cis` is JSON in a String attribute: {"interruptions": n, "first_seen": ms} on requeued messages, with
{"receives": n} where the copy was made because of too many receives, {"again": fence} on requests to process
a finished file again, {"rerun": what} on those of an operator, and the reason on dead-lettered ones. Any
sender may set an attribute of that name, and every copy passes it on: what is kept of it is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from worker.aws.messages.trace_ids import NO_IDS, TraceIds, read_trace_ids
from worker.models.file import Rerun
from worker.runtime.trace import Trace, clean_id, make_trace

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_MAX_CIS_BYTES = 2_048
_MAX_NAME_CHARS = 32
# As JSON, where a character outside ASCII takes 6 or 12 bytes.
_MAX_TEXT_BYTES = 1_500
_MAX_NUMBER = 2**53
# At 15 minutes a receive, more than SQS can hold a message.
_MOST_RECEIVES = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedMessage:
    """One message as received.

    `received_at` is the local monotonic clock before the receive call: the lease ends at
    `lease_until` unless it is extended. `cis` is empty when absent or unreadable.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    received_at: float
    visibility_s: int
    sent_at_ms: int
    cis: Mapping[str, Any]
    answered_at_ms: int = 0
    """When SQS answered the receive, by its own clock; 0 where the answer has no date."""
    trace_ids: TraceIds = NO_IDS
    """What the sender named it."""

    @property
    def lease_until(self) -> float:
        """When the message becomes visible to other workers, in seconds of the local clock."""
        return self.received_at + self.visibility_s

    @property
    def interruptions(self) -> int:
        """How often this message was requeued because of an interruption."""
        return _count(self.cis.get("interruptions")) or 0

    @property
    def receives(self) -> int:
        """How often this message was received, as itself and as the copies before it."""
        return min(_count(self.cis.get("receives")) or 0, _MOST_RECEIVES) + self.receive_count

    @property
    def again(self) -> int | None:
        """The fence whose finished result is to be produced again; None on nearly all messages."""
        return _count(self.cis.get("again"))

    @property
    def rerun(self) -> Rerun | None:
        """What an operator has made again; None on nearly all messages."""
        value = self.cis.get("rerun")
        return Rerun(value) if value in {each.value for each in Rerun} else None

    @property
    def first_seen_ms(self) -> int:
        """When the first copy of this message was sent, in milliseconds since 1970 (SQS's clock)."""
        value = _count(self.cis.get("first_seen"))
        # This copy was sent after the first, whatever a sender claims.
        return min(value, self.sent_at_ms or value) if value else self.sent_at_ms

    @property
    def age_s(self) -> float:
        """Seconds from the first copy of this message to its receive, by SQS's clock; 0 when not known."""
        if self.first_seen_ms <= 0:
            return 0.0
        return max(0, max(self.answered_at_ms, self.sent_at_ms) - self.first_seen_ms) / 1000.0

    @property
    def correlation(self) -> str:
        """One id for all copies of a message: the sender's, else that of the first copy.

        Every requeue passes it on. One from outside is cut to 128 printable ASCII characters.
        """
        trace_id = self.trace_ids.traceparent[3:35]
        return (
            self.trace_ids.request_id or clean_id(self.cis.get("correlation")) or trace_id or self.message_id
        )

    @property
    def trace(self) -> Trace:
        """What this delivery is followed by; another delivery has a span of its own."""
        return make_trace(
            correlation=self.correlation,
            traceparent=self.trace_ids.traceparent,
            delivery=f"{self.message_id} {self.receive_count}",
            first_seen_ms=self.first_seen_ms,
        )


def from_wire(
    message: MessageTypeDef,
    *,
    received_at: float,
    visibility_s: int,
    headers: Mapping[str, str] | None = None,
) -> ReceivedMessage:
    """A message of a ReceiveMessage response, and of its HTTP headers, as a value."""
    system = message.get("Attributes", {})
    attributes = message.get("MessageAttributes", {})
    attribute = attributes.get("cis")
    return ReceivedMessage(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        receive_count=int(system.get("ApproximateReceiveCount", 1)),
        received_at=received_at,
        visibility_s=visibility_s,
        sent_at_ms=int(system.get("SentTimestamp", 0)),
        cis=_parse_cis(attribute.get("StringValue", "")) if attribute else {},
        answered_at_ms=_parse_date(headers or {}),
        trace_ids=read_trace_ids(attributes, message["Body"]),
    )


def _parse_date(headers: Mapping[str, str]) -> int:
    try:
        return int(parsedate_to_datetime(headers["date"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0


def cut_text(text: str) -> str:
    """The text without control characters, cut to about 1.5 KB as JSON."""
    printable = "".join(char if char.isprintable() else " " for char in text[:_MAX_TEXT_BYTES])
    encoded = json.dumps(printable)[1:-1]
    if len(encoded) <= _MAX_TEXT_BYTES:
        return printable
    # Never within an escape: the last one that begins before the limit is left out.
    kept, size_bytes = 0, 0
    for char in printable:
        size_bytes += len(json.dumps(char)) - 2
        if size_bytes > _MAX_TEXT_BYTES:
            break
        kept += 1
    return printable[:kept]


def _parse_cis(text: str) -> Mapping[str, Any]:
    # An unreadable one counts as absent.
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return _bound(value) if isinstance(value, dict) else {}


def _bound(cis: Mapping[str, Any]) -> Mapping[str, Any]:
    """The short numbers and texts of it, about 2 KB in all."""
    kept: dict[str, Any] = {}
    left_bytes = _MAX_CIS_BYTES
    for name, value in cis.items():
        if not (name.isascii() and name.isidentifier() and len(name) <= _MAX_NAME_CHARS):
            continue
        if isinstance(value, str):
            short: str | int = cut_text(value)
        elif isinstance(value, int) and abs(value) <= _MAX_NUMBER:
            short = value
        else:
            continue
        left_bytes -= len(json.dumps({name: short}))
        if left_bytes < 0:
            break
        kept[name] = short
    return kept


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
