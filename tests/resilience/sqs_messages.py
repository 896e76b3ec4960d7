"""Messages as SQS keeps them, and the limits of what may be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.resilience.sqs_errors import SqsError, invalid

MAX_BYTES = 1_048_576
MAX_ATTRIBUTES = 10
MAX_VISIBILITY_S = 43_200
MAX_DELAY_S = 900
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"(?!\.)(?!.*\.\.)(?!(?i:aws|amazon)\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")

Attributes = Mapping[str, Mapping[str, Any]]


@dataclass(kw_only=True, slots=True, eq=False)
class Message:
    """One message of a queue; `handle` is that of the last receive, `receives` has the time of each."""

    message_id: str
    body: str
    attributes: Attributes
    sent_at: float
    visible_at: float
    receive_count: int = 0
    handle: str | None = None
    receives: dict[str, float] = field(default_factory=dict)

    def is_visible(self, now: float) -> bool:
        return self.visible_at <= now


def check_message(body: str, attributes: Attributes, delay_s: int) -> None:
    """Raise SqsError for a message that SQS refuses."""
    if not body:
        raise SqsError(
            "MissingRequiredParameterException", "The request must contain the parameter MessageBody."
        )
    _check_text(body)
    if not 0 <= delay_s <= MAX_DELAY_S:
        raise invalid("Must be between 0 and 900.", name="DelaySeconds", value=delay_s)
    if len(attributes) > MAX_ATTRIBUTES:
        raise invalid(f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10].")
    for name, value in attributes.items():
        _check_attribute(name, value)
    if (size := size_of(body, attributes)) > MAX_BYTES:
        raise invalid(f"Message must be shorter than {MAX_BYTES} bytes, not {size}.")


def size_of(body: str, attributes: Attributes) -> int:
    """What SQS counts: the body, and name, type and value of each attribute."""
    parts = [body]
    for name, value in attributes.items():
        parts += [name, value["DataType"], value.get("StringValue") or value.get("BinaryValue") or ""]
    return sum(len(part.encode("utf-8", "surrogatepass")) for part in parts)


def _check_attribute(name: str, value: Mapping[str, Any]) -> None:
    if not _NAME.fullmatch(name):
        raise invalid(f"The message attribute name {name!r} is invalid.")
    kind = str(value.get("DataType", "")).partition(".")[0]
    if kind not in ("String", "Number", "Binary"):
        raise invalid(f"The type of message attribute '{name}' is invalid.")
    content = value.get("BinaryValue" if kind == "Binary" else "StringValue")
    if not content:
        raise invalid(f"Message attribute '{name}' must contain a non-empty value of type '{kind}'.")
    if kind != "Binary":
        _check_text(content)


def _check_text(text: str) -> None:
    if _FORBIDDEN.search(text):
        raise SqsError("InvalidMessageContents", "Invalid characters found in the message.")
