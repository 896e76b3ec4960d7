"""The ids that a sender gave a message: attributes `X-Request-ID` and `traceparent`, in any case.

Without such an attribute they are taken from the envelope of SNS (where delivery is not raw), or from the
`metadata` of a native body. Anybody may send them: they are cleaned, and mean nothing but a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from worker.runtime.trace import clean_id, clean_traceparent

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef

REQUEST_ID = "X-Request-ID"
TRACEPARENT = "traceparent"
_REQUEST_ID_NAMES = frozenset({"x-request-id", "requestid", "request-id"})
# Bodies are parsed once more, later: only those that may name an id are parsed here.
_HINT = re.compile(r"request[-_]?id|traceparent", re.IGNORECASE)
_LARGEST_BODY_CHARS = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceIds:
    """What the sender named; empty where it named nothing that is valid."""

    request_id: str = ""
    traceparent: str = ""

    def attributes(self) -> dict[str, str]:
        """The message attributes of a copy."""
        named = {REQUEST_ID: self.request_id, TRACEPARENT: self.traceparent}
        return {name: value for name, value in named.items() if value}


NO_IDS = TraceIds()


def read_trace_ids(attributes: Mapping[str, MessageAttributeValueOutputTypeDef], body: str) -> TraceIds:
    """The ids of a message, those of its attributes first."""
    named: list[tuple[str, object]] = [(name, each.get("StringValue")) for name, each in attributes.items()]
    found = _pick(named)
    if (found.request_id and found.traceparent) or len(body) > _LARGEST_BODY_CHARS or not _HINT.search(body):
        return found
    inner = _pick([*_of_body(body)])
    return TraceIds(
        request_id=found.request_id or inner.request_id, traceparent=found.traceparent or inner.traceparent
    )


def _pick(named: list[tuple[str, object]]) -> TraceIds:
    request_ids = (clean_id(value) for name, value in named if _flat(name) in _REQUEST_ID_NAMES)
    parents = (clean_traceparent(value) for name, value in named if _flat(name) == TRACEPARENT)
    return TraceIds(
        request_id=next(filter(None, request_ids), ""), traceparent=next(filter(None, parents), "")
    )


def _flat(name: str) -> str:
    return name.lower().replace("_", "-")


def _of_body(body: str) -> Iterator[tuple[str, object]]:
    try:
        envelope: Any = from_json(body.encode(), cache_strings="keys")
    except ValueError:
        return
    if not isinstance(envelope, dict):
        return
    metadata, attributes = envelope.get("metadata"), envelope.get("MessageAttributes")
    if isinstance(metadata, dict):
        yield from metadata.items()
    if isinstance(attributes, dict):
        yield from (
            (name, value.get("Value")) for name, value in attributes.items() if isinstance(value, dict)
        )
