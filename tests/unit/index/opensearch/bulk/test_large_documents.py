"""A source in parts; integration tests put one together in a real cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest

from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import Code, LeaseLostError, RejectedError, UnavailableError, WorkerError
from worker.index.opensearch.bulk.bulk_writer import make_action
from worker.index.opensearch.bulk.large_documents import LargeDocuments, parts, without_text
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.documents import file_source
from worker.models.document import Document
from worker.models.metadata import FileMetadata
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

SOURCE: dict[str, Any] = {
    "file_id": "a",
    "empty": "",
    "nothing": None,
    "size": 3,
    "none": [],
    "ocr_text": '営業"報告\n\x07\U00020000' * 700,
    "pages": [{"number": number, "text": "報告" * 200} for number in range(30)],
    "sources": ["ocr", "text"],
}


def put_together(given: list[dict[str, Any]]) -> dict[str, Any]:
    """What the script in the cluster does."""

    def add(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
        appended = {name: whole[name] + value for name, value in part.items() if name in whole}
        return {**whole, **part, **appended}

    return reduce(add, given)


@pytest.mark.parametrize("limit_bytes", [3_000, 10_000, 1_000_000])
def test_parts_are_the_source_again_and_within_the_limit(limit_bytes: int) -> None:
    given = list(parts(SOURCE, limit_bytes))
    assert put_together(given) == SOURCE
    assert max(len(json.dumps(part, ensure_ascii=False).encode()) for part in given) < limit_bytes + 500
    assert (len(given) == 1) is (limit_bytes == 1_000_000)


def test_an_element_above_the_limit_is_a_part_of_its_own() -> None:
    source = {"pages": [{"text": "a"}, {"text": "b" * 5_000}, {"text": "c"}]}
    given = list(parts(source, 1_000))
    assert [len(part["pages"]) for part in given] == [1, 1, 1]


def test_an_entry_without_pages_has_no_text_to_leave_out() -> None:
    action = make_action("images", "a", 1, {"image_vector": [1.0]})
    assert without_text(action, RejectedError("no", code=Code.INDEX_REJECTED)) is None


def test_only_the_texts_are_left_out_for_the_reason(make_document: Callable[..., Document]) -> None:
    path = "営業部/" * 200 + "契約.pdf"
    document = make_document(path, "本文" * 2_000, metadata=FileMetadata(allowed_groups=("sales",)))
    source = file_source(document, text_vectors=False)
    short = without_text(make_action("files", "a", 7, source), RejectedError("no", code=Code.INDEX_REJECTED))
    assert short is not None
    entry = json.loads(short.lines.splitlines()[1])
    left_out = {name for name in source if entry.get(name) != source[name]}
    assert entry["allowed_groups"] == ["sales"]
    assert left_out == {
        *("ocr_text", "pages", "text_sources", "state", "reason", "reason_message"),
        *(name for name in source if name.startswith("body_")),
    }
    assert entry["pages"] == entry["text_sources"] == []
    assert (short.file_id, short.version) == ("a", 7)


def copy_answer(**fields: object) -> dict[str, object]:
    return {"total": 1, "version_conflicts": 0, "failures": [], **fields}


FAILURE = {"status": 400, "cause": {"type": "mapper_parsing_exception", "reason": "no"}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (copy_answer(), None),
        (copy_answer(version_conflicts=1), LeaseLostError),
        (copy_answer(failures=[FAILURE]), RejectedError),
        (copy_answer(total=0), UnavailableError),
        ({}, UnavailableError),
    ],
)
def test_the_answer_to_the_copy_decides_and_the_parts_are_removed(
    answer: dict[str, object], expected: type[WorkerError] | None
) -> None:
    calls: list[str] = []

    def respond(request: Request) -> Response:
        calls.append(f"{request.method} {request.path}")
        return Response(body=json.dumps(answer if request.path == "/_reindex" else {}).encode())

    def write(large: LargeDocuments) -> None:
        large.write(make_action("files", "a", 7, SOURCE), part_bytes=20_000, refresh=False)

    with LocalHttpServer(respond) as server:
        client = connect(server.url)
        policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler(max_retries=0))
        large = LargeDocuments(client, calls=ClusterCalls(client, policy), prefix="t-")
        assert type(error_of(write, large)) is (expected or type(None))
    assert calls[-1] == "DELETE /t-files-parts/_doc/a-7"
    assert len([call for call in calls if "_update" in call]) >= 1


def error_of(write: Callable[[LargeDocuments], None], large: LargeDocuments) -> WorkerError | None:
    try:
        write(large)
    except WorkerError as error:
        return error
    return None
