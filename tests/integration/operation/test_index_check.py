"""The doctor's checks on a real OpenSearch and its indices."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from opensearchpy import OpenSearch

from tests.index_body.documents import MakeDocument, make_document  # noqa: F401 - a fixture
from worker.config import Settings, load_settings
from worker.errors import UnavailableError
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.operation.doctor import run_checks
from worker.operation.finding import Finding, Level
from worker.operation.index_check import index_checks, index_problem
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError
from worker.resilience.retry_handler import RetryHandler
from worker.services import open_index_manager

pytestmark = pytest.mark.integration

_TIMEOUT_S = 120.0  # of a busy machine


def found(settings: Settings) -> dict[str, Finding]:
    """The findings by subject, without the prefix."""
    findings = run_checks(index_checks(settings), deadline_s=30)
    return {finding.subject.replace(settings.index_prefix, ""): finding for finding in findings}


@pytest.fixture
def settings(opensearch_url: str) -> Iterator[Settings]:
    prefix = f"t{uuid.uuid4().hex}-"
    yield load_settings(index="opensearch", opensearch_endpoint=opensearch_url, index_prefix=prefix)
    client = connect(opensearch_url)
    client.indices.delete(index=f"{prefix}*")
    client.close()


@pytest.fixture
def client(opensearch_url: str) -> Iterator[OpenSearch]:
    made = connect(opensearch_url, timeout_s=_TIMEOUT_S)
    yield made
    made.close()


def test_indices_of_ours_are_fine_and_so_are_those_to_be_made(settings: Settings) -> None:
    before = found(settings)
    assert {finding.level for finding in before.values()} == {Level.OK}
    assert "creates it" in before["index files"].message
    index = open_index_manager(settings)
    index.create_files_index()
    index.create_images_index()
    index.close()
    after = found(settings)
    assert {finding.level for finding in after.values()} == {Level.OK}
    # Yellow where another test has an index with copies.
    assert re.match(r"version 2\.19\.1, (green|yellow), kuromoji", after["opensearch"].message)
    assert "files-v2: 0 entries" in after["index files"].message


def test_an_index_without_kuromoji_is_a_failure_that_names_its_fix(
    settings: Settings, client: OpenSearch
) -> None:
    mapping = {"properties": {"ocr_text": {"type": "text"}}}
    client.indices.create(index=f"{settings.index_prefix}files", body={"mappings": mapping})
    failure = found(settings)["index files"]
    assert failure.level is Level.FAILURE
    assert "営業報告書 becomes 営 | 業 | 報 | 告 | 書" in failure.message
    assert "CIS_INDEX_PREFIX" in failure.advice


def test_an_images_index_of_another_length_is_a_failure(settings: Settings, client: OpenSearch) -> None:
    vector = {
        "type": "knn_vector",
        "dimension": 4,
        "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"},
    }
    body = {"settings": {"index": {"knn": True}}, "mappings": {"properties": {"image_vector": vector}}}
    client.indices.create(index=f"{settings.index_prefix}images", body=body)
    failure = found(settings)["index images"]
    assert failure.level is Level.FAILURE
    assert "1024" in failure.message


def test_a_files_index_that_is_not_ours_names_the_command_that_makes_one(
    settings: Settings, client: OpenSearch
) -> None:
    index = open_index_manager(settings)
    index.create_files_index()
    index.close()
    name = f"{settings.index_prefix}files-v2"
    client.indices.put_mapping(index=name, body={"_meta": {"analysis": "0 none"}})
    other = found(settings)["index files"]
    client.indices.put_mapping(index=name, body={"_meta": {}})
    none = found(settings)["index files"]
    mapping = client.indices.get(index=name)[name]
    del mapping["mappings"]["properties"]["language"]
    analysis = mapping["settings"]["index"]["analysis"]
    client.indices.delete(index=name)
    body = {"settings": {"analysis": analysis}, "mappings": mapping["mappings"]}
    client.indices.create(index=name, body={**body, "aliases": {f"{settings.index_prefix}files": {}}})
    lacking = found(settings)["index files"]
    assert "made with text analysis 0 none" in other.message
    assert "has no text analysis" in none.message
    assert "lacks language" in lacking.message
    assert {each.level for each in (other, none, lacking)} == {Level.FAILURE}
    assert all("`cis-worker reindex`" in each.advice for each in (other, none, lacking))


def test_a_full_disk_is_a_failure_in_doctor_and_status_and_opens_the_breaker_of_writes(
    settings: Settings,
    client: OpenSearch,
    make_document: MakeDocument,  # noqa: F811 - the fixture
) -> None:
    policy = IndexPolicy(
        breaker=CircuitBreaker(5, expected_exception=UnavailableError),
        retry=RetryHandler(max_retries=2, wait=lambda _: None),
        search_s=_TIMEOUT_S,
    )
    index = IndexManager(client, policy=policy, prefix=settings.index_prefix)
    index.create_files_index()
    index.create_images_index()
    index.index_document(make_document("a.pdf", "報告"), version=1, refresh=True)
    assert index_problem(settings) == ""
    # What the cluster itself sets at the flood stage.
    block = {"index.blocks.read_only_allow_delete": True}
    client.indices.put_settings(index=f"{settings.index_prefix}files", body=block)
    failure = found(settings)["opensearch"]
    assert failure.level is Level.FAILURE
    assert "files-v2 takes no writes, because a disk is nearly full (flood stage)" in failure.message
    assert "flood stage" in index_problem(settings)
    assert index.search("報告").total == 1
    with pytest.raises(UnavailableError, match="flood-stage"):
        index.index_document(make_document("b.pdf", "報告"), version=1)
    # The fifth refusal in a row opens it, at the second try of this one.
    with pytest.raises(CircuitOpenError):
        index.index_document(make_document("b.pdf", "報告"), version=1)


def test_a_cluster_that_does_not_answer_is_a_failure(settings: Settings) -> None:
    unreachable = load_settings(index="opensearch", opensearch_endpoint="http://127.0.0.1:9")
    findings = found(unreachable)
    assert {finding.level for finding in findings.values()} == {Level.FAILURE}
    assert "OPENSEARCH_ENDPOINT" in findings["opensearch"].advice
    assert "does not answer" in index_problem(unreachable)


def test_an_endpoint_that_is_not_set_is_named() -> None:
    findings = run_checks(index_checks(load_settings(index="opensearch")), deadline_s=30)
    assert {finding.level for finding in findings} == {Level.FAILURE}
    assert all("OPENSEARCH_ENDPOINT" in finding.message for finding in findings)
