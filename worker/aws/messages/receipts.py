"""Messages that somebody else received, as SQS's dictionaries or by their receipt alone.

The worker's own messages are ReceivedMessages with a lease; these come from programs that use one part of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from worker.aws.messages import received_message
from worker.aws.messages.received_message import ReceivedMessage

_HANDLES = ("ReceiptHandle", "receipt_handle", "receiptHandle")
_WHOLE = frozenset({"MessageId", "ReceiptHandle", "Body"})


def from_receipt(message: object) -> ReceivedMessage | None:
    """The message with this receipt, None where there is no receipt; its body is "" where it is not known."""
    # A lease has its message.
    received = getattr(message, "message", message)
    if isinstance(received, ReceivedMessage):
        return received
    now = time.monotonic()
    if isinstance(message, Mapping) and message.keys() >= _WHOLE:
        whole: Any = message
        return received_message.from_wire(whole, received_at=now, visibility_s=0)
    handle = _handle_of(message)
    if not handle:
        return None
    return ReceivedMessage(
        message_id=handle,
        receipt_handle=handle,
        body="",
        receive_count=1,
        received_at=now,
        visibility_s=0,
        sent_at_ms=0,
        cis={},
    )


def _handle_of(message: object) -> str:
    if isinstance(message, str):
        return message
    if isinstance(message, Mapping):
        return next((str(message[name]) for name in _HANDLES if message.get(name)), "")
    return str(getattr(message, "receipt_handle", ""))
