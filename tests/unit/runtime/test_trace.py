"""Ids from outside: what is kept of them, and where they go."""

from __future__ import annotations

import pytest
import structlog

from worker.runtime.trace import (
    bedrock_headers,
    clean_id,
    clean_traceparent,
    current,
    follow,
    make_trace,
    opensearch_headers,
    share,
)

pytestmark = pytest.mark.unit

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("req-1", "req-1"),
        ("  a b  ", "a b"),
        ("a\r\nX-Evil: 1\0", "aX-Evil: 1"),
        ("営業-7", "-7"),
        ("x" * 500, "x" * 128),
        ("\n" * 2_000 + "late", ""),
        (b"bytes", ""),
        (None, ""),
    ],
)
def test_an_id_is_short_printable_ascii(text: object, kept: str) -> None:
    assert clean_id(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (PARENT, PARENT),
        (PARENT.upper(), PARENT),
        (f" {PARENT} ", PARENT),
        (f"cc{PARENT[2:]}-what-the-future-holds", PARENT),
        (f"{PARENT}-more", ""),
        (f"ff{PARENT[2:]}", ""),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", ""),
        (f"00-{TRACE_ID}-{'0' * 16}-01", ""),
        (f"{PARENT[:-1]}", ""),
        ("", ""),
        (7, ""),
    ],
)
def test_a_traceparent_is_valid_or_none(text: object, kept: str) -> None:
    assert clean_traceparent(text) == kept


def test_a_delivery_is_a_child_span_of_the_same_trace() -> None:
    first, again, second = (
        make_trace(correlation="c", traceparent=PARENT, delivery=delivery, first_seen_ms=5)
        for delivery in ("m 1", "m 1", "m 2")
    )
    assert first == again
    assert first.traceparent.split("-")[1::2] == [TRACE_ID, "01"]
    assert len({first.span_id, second.span_id, "00f067aa0ba902b7"}) == 3
    assert first.xray_header == f"Root=1-{TRACE_ID[:8]}-{TRACE_ID[8:]};Parent={first.span_id};Sampled=1"


def test_ids_are_in_logs_and_headers_inside_and_nowhere_after() -> None:
    trace = make_trace(correlation="req-1", traceparent=PARENT, delivery="m 1", first_seen_ms=5)
    with follow(trace):
        bound = structlog.contextvars.get_contextvars()
        assert (bound["correlation"], bound["trace_id"], bound["span_id"]) == (
            "req-1",
            TRACE_ID,
            trace.span_id,
        )
        assert opensearch_headers() == {"X-Opaque-Id": "req-1", "traceparent": trace.traceparent}
        assert bedrock_headers() == {
            "X-Request-ID": "req-1",
            "traceparent": trace.traceparent,
            "X-Amzn-Trace-Id": trace.xray_header,
        }
    assert current() is None
    assert structlog.contextvars.get_contextvars() == {}
    assert (bedrock_headers(), opensearch_headers()) == ({}, {})


def test_without_a_traceparent_only_the_correlation_goes_on() -> None:
    with follow(make_trace(correlation="m1", traceparent="", delivery="m1 1", first_seen_ms=0)):
        assert structlog.contextvars.get_contextvars() == {"correlation": "m1"}
        assert bedrock_headers() == {"X-Request-ID": "m1"}
        assert opensearch_headers() == {"X-Opaque-Id": "m1"}


def test_a_request_for_several_documents_names_all_of_them_up_to_eight() -> None:
    traces = [
        make_trace(correlation=f"r{number}", traceparent=PARENT, delivery=f"m{number}", first_seen_ms=0)
        for number in range(10)
    ]
    with follow(traces[0]):
        with share(traces[3:5]):
            assert opensearch_headers() == {"X-Opaque-Id": "r3,r4"}
        with share([traces[3], traces[3]]):
            assert opensearch_headers() == {"X-Opaque-Id": "r3", "traceparent": traces[3].traceparent}
        with share(traces):
            assert opensearch_headers() == {"X-Opaque-Id": "r0,r1,r2,r3,r4,r5,r6,r7,+2"}
        with share([]):
            assert opensearch_headers() == {}
