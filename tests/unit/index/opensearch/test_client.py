"""Every error of OpenSearch becomes the WorkerError that says what to do next."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials
from opensearchpy import OpenSearch

from tests.stand_ins.tls_server import tls_server
from tests.unit.runtime.test_trace import PARENT
from worker.config import load_settings
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import (
    Code,
    LeaseLostError,
    MisconfiguredError,
    RejectedError,
    ServiceRefusedError,
    ThrottledError,
    UnavailableError,
    WorkerError,
)
from worker.index.opensearch.client import (
    FieldMissingError,
    IndexBlockedError,
    IndexMissingError,
    RequestTooLargeError,
    SignedBy,
    connect,
    item_error,
    translate_errors,
)
from worker.runtime.tally import open_tally
from worker.runtime.trace import follow, make_trace
from worker.services import open_index_manager

pytestmark = pytest.mark.unit


def body(kind: str, reason: str = "because") -> bytes:
    error = {"type": kind, "reason": reason}
    return json.dumps({"error": {"root_cause": [error], **error}}).encode()


def asked(client: OpenSearch) -> Any:
    with translate_errors("search files"):
        return client.search(index="files", body={})


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (404, body("index_not_found_exception"), IndexMissingError),
        (429, body("circuit_breaking_exception"), ThrottledError),
        (429, b"Too many requests", ThrottledError),
        (401, b"Unauthorized", ServiceRefusedError),
        (403, body("security_exception"), ServiceRefusedError),
        (403, body("cluster_block_exception"), IndexBlockedError),
        (429, body("cluster_block_exception"), IndexBlockedError),
        (400, body("mapper_parsing_exception"), RejectedError),
        (400, body("strict_dynamic_mapping_exception"), FieldMissingError),
        (400, body("mapper_parsing_exception", "Vector dimension mismatch"), ServiceRefusedError),
        (413, b"", RequestTooLargeError),
        (500, body("null_pointer_exception"), UnavailableError),
        (500, body("too_many_nested_clauses"), RejectedError),
        (502, b"<html>Bad gateway</html>", UnavailableError),
        (503, body("cluster_manager_not_discovered_exception"), UnavailableError),
        (504, b"", UnavailableError),
    ],
)
def test_an_answer_becomes_the_error_that_says_what_to_do(
    status: int, answer: bytes, expected: type[WorkerError]
) -> None:
    with LocalHttpServer(lambda _: Response(status=status, body=answer)) as server:
        client = connect(server.url)
        with pytest.raises(WorkerError, match="Could not search files") as caught:
            asked(client)
    assert type(caught.value) is expected


def test_no_response_is_an_outage() -> None:
    with LocalHttpServer(lambda _: None) as server:
        client = connect(server.url)
        with pytest.raises(UnavailableError, match="does not answer"):
            asked(client)
    with pytest.raises(UnavailableError, match="does not answer"):
        asked(client)


def test_an_answer_that_is_no_json_is_an_outage() -> None:
    with (
        LocalHttpServer(lambda _: Response(body=b"{", content_type="application/json")) as server,
        pytest.raises(UnavailableError),
    ):
        asked(connect(server.url))


def test_a_refused_document_keeps_its_code_and_the_deepest_reason() -> None:
    error = {
        "type": "mapper_parsing_exception",
        "reason": "failed to parse",
        "caused_by": {"reason": "no float"},
    }
    found = item_error("index file f", {"status": 400, "error": error, "_id": "f"}, version=1)
    assert isinstance(found, RejectedError)
    assert found.code is Code.INDEX_REJECTED
    assert "failed to parse: no float" in str(found)


def test_a_version_conflict_is_a_lost_lease_that_names_both_versions() -> None:
    reason = "[f]: version conflict, current version [7] is higher than the one provided [3]"
    error = {"type": "version_conflict_engine_exception", "reason": reason}
    found = item_error("index file f", {"status": 409, "error": error, "_id": "f"}, version=3)
    assert isinstance(found, LeaseLostError)
    assert "version 7 of file f: version 3 is stale" in str(found)


@pytest.mark.parametrize("status", [200, 201])
def test_a_written_item_is_no_error(status: int) -> None:
    assert item_error("index", {"status": status}, version=1) is None


@pytest.mark.parametrize("endpoint", ["", "search.example", "http://", "ftp://x"])
def test_an_endpoint_that_is_no_url_is_a_misconfiguration(endpoint: str) -> None:
    with pytest.raises(MisconfiguredError, match="OPENSEARCH_ENDPOINT"):
        connect(endpoint)


def headers_sent(auth: SignedBy | tuple[str, str] | None) -> dict[str, str]:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(body=b"{}")

    with LocalHttpServer(answer) as server:
        asked(connect(server.url, auth=auth))
    return dict(seen[0].headers)


def test_basic_sends_user_and_password() -> None:
    assert headers_sent(("user", "word"))["authorization"] == "Basic dXNlcjp3b3Jk"


def test_sigv4_signs_for_the_region_and_the_service() -> None:
    signed = SignedBy(credentials=Credentials("AKID", "secret", "token"), region="ap-northeast-1")
    headers = headers_sent(signed)
    assert "/ap-northeast-1/es/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "token"


def test_a_request_names_its_document_and_is_counted_beside_any_signature() -> None:
    trace = make_trace(correlation="req-1", traceparent=PARENT, delivery="m 1", first_seen_ms=0)
    signed = SignedBy(credentials=Credentials("id", "key"), region="eu-west-1")
    with follow(trace), open_tally() as tally:
        headers = headers_sent(signed)
    assert headers["x-opaque-id"] == "req-1"
    assert headers["traceparent"] == trace.traceparent
    assert "x-opaque-id" not in headers["authorization"]
    assert dict(tally.calls) == {"opensearch": 1}
    assert "x-opaque-id" not in headers_sent(signed)


def test_without_auth_nothing_is_sent() -> None:
    assert "authorization" not in headers_sent(None)


@pytest.mark.parametrize(
    ("path", "operation"),
    [("/files/_search", "search"), ("/_bulk", "bulk"), ("/files", "other"), ("/files/_unknown", "other")],
)
def test_a_request_is_counted_by_an_operation_of_a_closed_list(path: str, operation: str) -> None:
    heard: list[str] = []
    with LocalHttpServer(lambda _: Response(body=b"{}")) as server, open_tally() as tally:
        client = connect(server.url, on_request=heard.append)
        client.transport.perform_request("GET", path)
    assert heard == [operation]
    assert tally.operations_by_service() == {"opensearch": {operation: 1}}


NOTHING = json.dumps({"hits": {"total": {"value": 0}, "hits": []}}).encode()


def test_an_authority_of_ones_own_is_trusted_where_a_setting_names_it(tmp_path: Path) -> None:
    with tls_server(tmp_path, NOTHING) as (url, ca):
        settings = load_settings(index="opensearch", opensearch_endpoint=url, opensearch_ca=ca)
        with closing(open_index_manager(settings)) as index:
            assert index.similar((1.0,) * 1024) == []


def test_without_the_setting_the_error_names_it(tmp_path: Path) -> None:
    with tls_server(tmp_path, NOTHING) as (url, _):
        settings = load_settings(index="opensearch", opensearch_endpoint=url)
        with (
            closing(open_index_manager(settings)) as index,
            pytest.raises(MisconfiguredError, match="set CIS_OPENSEARCH_CA to the file"),
        ):
            index.search("報告")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_named_before_the_first_request(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    settings = load_settings(
        index="opensearch", opensearch_endpoint="https://127.0.0.1:9", opensearch_ca=tmp_path / "ca.pem"
    )
    with pytest.raises(MisconfiguredError, match=r"CIS_OPENSEARCH_CA is .*ca.pem, which cannot be read"):
        open_index_manager(settings)
