"""A queue message as received, with its lease and the worker's own attribute `cis`.

`cis` is JSON in a String attribute: {"interruptions": n, "first_seen": ms} on requeued messages,
{"again": fence} on requests to process a finished file again, and the reason on dead-lettered ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


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

    @property
    def lease_until(self) -> float:
        """When the message becomes visible to other workers, in seconds of the local clock."""
        return self.received_at + self.visibility_s

    @property
    def interruptions(self) -> int:
        """How often this message was requeued because of an interruption."""
        value = self.cis.get("interruptions")
        return value if isinstance(value, int) else 0

    @property
    def again(self) -> int | None:
        """The fence whose finished result is to be produced again; None on nearly all messages."""
        value = self.cis.get("again")
        return value if isinstance(value, int) else None

    @property
    def first_seen_ms(self) -> int:
        """When the first copy of this message was sent, in milliseconds since 1970 (SQS's clock)."""
        value = self.cis.get("first_seen")
        return value if isinstance(value, int) else self.sent_at_ms

    @property
    def age_s(self) -> float:
        """Seconds from the first copy of this message to its receive, by SQS's clock; 0 when not known."""
        if self.first_seen_ms <= 0:
            return 0.0
        return max(0, max(self.answered_at_ms, self.sent_at_ms) - self.first_seen_ms) / 1000.0

    @property
    def correlation(self) -> str:
        """One id for all copies of a message: that of the first, which every requeue passes on."""
        value = self.cis.get("correlation")
        return value if isinstance(value, str) and value else self.message_id


def from_wire(
    message: MessageTypeDef,
    *,
    received_at: float,
    visibility_s: int,
    headers: Mapping[str, str] | None = None,
) -> ReceivedMessage:
    """A message of a ReceiveMessage response, and of its HTTP headers, as a value."""
    system = message.get("Attributes", {})
    attribute = message.get("MessageAttributes", {}).get("cis")
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
    )


def _parse_date(headers: Mapping[str, str]) -> int:
    try:
        return int(parsedate_to_datetime(headers["date"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0


def _parse_cis(text: str) -> Mapping[str, Any]:
    # Any sender may set an attribute of that name: an unreadable one counts as absent.
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
