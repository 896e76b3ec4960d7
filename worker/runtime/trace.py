"""The id that a document is followed by, from the sender of its message to the services it is sent to.

A sender names it in the message (`X-Request-ID`, or the trace id of a W3C `traceparent`); without one it is
the id of the first message. It is on every log line of the document, and in the headers of calls to
OpenSearch and Bedrock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256

import structlog

_MAX_ID_CHARS = 128
_MAX_IDS = 8
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """One delivery of a message. `trace_id`, `span_id` and `flags` are empty without a `traceparent`.

    `span_id` is the span of this delivery, a child of the sender's.
    """

    correlation: str
    trace_id: str = ""
    span_id: str = ""
    flags: str = ""
    first_seen_ms: int = 0

    @property
    def traceparent(self) -> str:
        """The header that makes a called service's span a child of this delivery's; empty without a trace."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}" if self.trace_id else ""

    @property
    def xray_header(self) -> str:
        """The same in the form of AWS X-Ray, whose trace ids are W3C's with a dash after the time."""
        if not self.trace_id:
            return ""
        root = f"1-{self.trace_id[:8]}-{self.trace_id[8:]}"
        return f"Root={root};Parent={self.span_id};Sampled={int(self.flags, 16) & 1}"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_shared: ContextVar[tuple[Trace, ...] | None] = ContextVar("shared", default=None)


def current() -> Trace | None:
    """The trace that this thread works on."""
    return _current.get()


@contextmanager
def follow(trace: Trace) -> Iterator[None]:
    """Name the trace in every log line and call of this thread inside."""
    ids = {"correlation": trace.correlation, "trace_id": trace.trace_id, "span_id": trace.span_id}
    token = _current.set(trace)
    try:
        with structlog.contextvars.bound_contextvars(**{name: each for name, each in ids.items() if each}):
            yield
    finally:
        _current.reset(token)


@contextmanager
def share(traces: Sequence[Trace]) -> Iterator[None]:
    """Make a request inside for several documents, whichever thread makes it."""
    token = _shared.set(tuple(traces))
    try:
        yield
    finally:
        _shared.reset(token)


def clean_id(text: object) -> str:
    """An id from outside, cut to 128 printable ASCII characters: it goes into logs and HTTP headers."""
    if not isinstance(text, str):
        return ""
    cleaned = "".join(char for char in text[: 4 * _MAX_ID_CHARS] if " " <= char <= "~").strip()
    return cleaned[:_MAX_ID_CHARS].strip()


def clean_traceparent(text: object) -> str:
    """A valid W3C `traceparent`, or an empty text."""
    if not isinstance(text, str):
        return ""
    found = _TRACEPARENT.match(text.strip().lower()[:_MAX_ID_CHARS])
    if found is None:
        return ""
    version, trace_id, parent_id, flags = found.groups()
    # A later version may have more fields; version 0 must end here.
    is_longer = len(text.strip()) > found.end()
    if version == "ff" or (version == "00" and is_longer) or not int(trace_id, 16) or not int(parent_id, 16):
        return ""
    return f"00-{trace_id}-{parent_id}-{flags}"


def make_trace(*, correlation: str, traceparent: str, delivery: str, first_seen_ms: int) -> Trace:
    """The trace of a delivery; `traceparent` must be clean, `delivery` differ for each delivery."""
    if not traceparent:
        return Trace(correlation=correlation, first_seen_ms=first_seen_ms)
    _, trace_id, _, flags = traceparent.split("-")
    # Derived, not random: every line about the delivery has the same span, wherever it is logged.
    return Trace(
        correlation=correlation,
        trace_id=trace_id,
        span_id=sha256(delivery.encode()).hexdigest()[:16],
        flags=flags,
        first_seen_ms=first_seen_ms,
    )


def bedrock_headers() -> Mapping[str, str]:
    """The headers that name the current trace to Bedrock, and to the proxies before it."""
    trace = current()
    if trace is None:
        return {}
    named = {
        "X-Request-ID": trace.correlation,
        "traceparent": trace.traceparent,
        "X-Amzn-Trace-Id": trace.xray_header,
    }
    return {name: value for name, value in named.items() if value}


def opensearch_headers() -> Mapping[str, str]:
    """The same for OpenSearch, which writes `X-Opaque-Id` to its slow logs, tasks and deprecation logs."""
    shared, trace = _shared.get(), current()
    traces = [trace] if shared is None and trace is not None else [*(shared or ())]
    parents = {each.traceparent for each in traces}
    named = {
        "X-Opaque-Id": _join([*dict.fromkeys(each.correlation for each in traces)]),
        # A request for several documents is no child of one of them.
        "traceparent": parents.pop() if len(parents) == 1 else "",
    }
    return {name: value for name, value in named.items() if value}


def _join(ids: Sequence[str]) -> str:
    more = f",+{len(ids) - _MAX_IDS}" if len(ids) > _MAX_IDS else ""
    return ",".join(ids[:_MAX_IDS]) + more
