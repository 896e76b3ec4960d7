"""A queue message as received, with its lease and the worker's own attribute `cis`.

`cis` is JSON in a String attribute: {"interruptions": n, "first_seen": ms} on requeued messages, with
{"receives": n} where the copy was made because of too many receives, {"again": fence} on requests to process
a finished file again, and the reason on dead-lettered ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

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
    def receives(self) -> int:
        """How often this message was received, as itself and as the copies before it."""
        value = self.cis.get("receives")
        # Any sender may set the attribute.
        earlier = min(max(0, value), _MOST_RECEIVES) if isinstance(value, int) else 0
        return earlier + self.receive_count

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
    def correlation(self) -> str:
        """One id for all copies of a message: that of the first, which every requeue passes on."""
        value = self.cis.get("correlation")
        return value if isinstance(value, str) and value else self.message_id


def from_wire(message: MessageTypeDef, *, received_at: float, visibility_s: int) -> ReceivedMessage:
    """A message of a ReceiveMessage response as a value."""
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
    )


def _parse_cis(text: str) -> Mapping[str, Any]:
    # Any sender may set an attribute of that name: an unreadable one counts as absent.
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
