"""Why a request failed, as a person reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opensearchpy.exceptions import ConnectionError as NoConnectionError
from opensearchpy.exceptions import ConnectionTimeout

from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import RejectedError, ServiceRefusedError, UnavailableError, WorkerError
from worker.index.opensearch.client import connect, translate_errors
from worker.index.opensearch.reasons import answer_reason, cause_of, detail, outage_reason

pytestmark = pytest.mark.unit

FORBIDDEN = {"Message": "User: anonymous is not authorized"}
FAULT = {"error": {"type": "circuit_breaking_exception", "reason": "Data too large"}}


@pytest.mark.parametrize(
    ("status", "info", "raw", "reason"),
    [
        (
            502,
            None,
            "<html><style>a{}</style><h1>502 Bad Gateway</h1>\n<hr>nginx</html>",
            "Bad Gateway: nginx",
        ),
        (413, None, "<title>413</title><h1>413 Request Entity Too Large</h1>", "Request Entity Too Large"),
        (503, None, "Service Unavailable", "Service Unavailable"),
        (504, None, "", "Gateway Timeout"),
        (403, FORBIDDEN, json.dumps(FORBIDDEN), "Forbidden: User: anonymous is not authorized"),
        (400, {"error": "no handler found"}, "no handler found", "Bad Request: no handler found"),
        (500, FAULT, "circuit_breaking_exception", "circuit_breaking_exception: Data too large"),
        (500, {"error": {"type": "odd"}}, "odd", "odd: no reason given"),
        (299, [], "", "no known status"),
    ],
)
def test_an_answer_says_why_in_one_line_without_tags(status: int, info: Any, raw: str, reason: str) -> None:
    assert answer_reason(status, cause_of(info, raw)) == reason


def test_a_page_of_any_length_is_a_short_reason() -> None:
    assert len(answer_reason(500, cause_of(None, "<p" * 1_000_000))) < 400
    assert len(answer_reason(500, cause_of(None, "word " * 1_000_000))) < 400


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            NoConnectionError("N/A", "", "HTTPConnection(host='h', port=9): [Errno 111] Connection refused"),
            "at h:9 (Connection refused). Check OPENSEARCH_ENDPOINT",
        ),
        (
            NoConnectionError("N/A", "", "('Connection aborted.', RemoteDisconnected())"),
            "connection was closed",
        ),
        (ConnectionTimeout("TIMEOUT", "", "read timeout=4.999"), "in time"),
        (NoConnectionError("N/A", "", "something else."), "OpenSearch does not answer: something else"),
    ],
)
def test_no_answer_is_said_with_what_to_check(error: NoConnectionError, reason: str) -> None:
    found = outage_reason(detail(error), is_late=isinstance(error, ConnectionTimeout))
    assert reason in found
    assert "4.999" not in found


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (
            Response(body=b"<html>Sign in</html>", content_type="text/html"),
            UnavailableError,
            "not to a proxy's",
        ),
        (Response(status=302, body=b"", content_type="text/html"), ServiceRefusedError, "not to a proxy's"),
        (
            Response(status=413, body=b"<h1>413</h1>", content_type="text/html"),
            RejectedError,
            "no request of this",
        ),
    ],
)
def test_what_answers_instead_of_the_cluster_is_named(
    answer: Response, error: type[WorkerError], text: str
) -> None:
    def reply(_: Request) -> Response:
        return answer

    with (
        LocalHttpServer(reply) as server,
        pytest.raises(error, match=text) as caught,
        translate_errors("search files"),
    ):
        connect(server.url).search(index="files", body={})
    assert "mimetype" not in str(caught.value)
    assert "<" not in str(caught.value)
