"""The inspection of a cluster by scripted responses; integration tests use a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import UnavailableError
from worker.index.opensearch.client import connect
from worker.index.opensearch.inspection import IndexInspection
from worker.index.opensearch.schema import files_body, images_body

pytestmark = pytest.mark.unit


@dataclass
class Cluster:
    """Responds by path; other paths get 404."""

    answers: dict[str, Any] = field(default_factory=dict)
    status: int = 200

    def answer(self, request: Request) -> Response:
        if request.path not in self.answers:
            error = {"type": "index_not_found_exception", "reason": "no such index"}
            return Response(status=404, body=json.dumps({"error": error}).encode())
        return Response(status=self.status, body=json.dumps(self.answers[request.path]).encode())


Inspect = Callable[[Cluster], IndexInspection]


@pytest.fixture
def inspect() -> Iterator[Inspect]:
    servers: list[LocalHttpServer] = []

    def start(cluster: Cluster) -> IndexInspection:
        server = LocalHttpServer(cluster.answer)
        server.start()
        servers.append(server)
        return IndexInspection(connect(server.url), prefix="t-")

    yield start
    for server in servers:
        server.stop()


def tokens(*words: str) -> dict[str, Any]:
    return {"tokens": [{"token": word} for word in words]}


def files(properties: dict[str, Any], *words: str) -> Cluster:
    return Cluster(
        answers={
            "/t-files/_mapping": {"t-files-v2": {"mappings": {"properties": properties}}},
            "/t-files/_count": {"count": 3},
            "/t-files/_analyze": tokens(*words),
        }
    )


def test_an_index_created_by_the_worker_lacks_nothing(inspect: Inspect) -> None:
    properties = files_body(shards=1, text_dimension=None)["mappings"]["properties"]
    facts = inspect(files(properties, "営業", "報告", "書")).files()
    assert facts is not None
    assert (facts.name, facts.documents, facts.missing_fields, facts.knows_japanese) == (
        "t-files-v2",
        3,
        (),
        True,
    )


def test_missing_fields_are_named_with_their_place(inspect: Inspect) -> None:
    properties = files_body(shards=1, text_dimension=None)["mappings"]["properties"]
    del properties["ocr_text"]
    del properties["pages"]["properties"]["part"]
    facts = inspect(files(properties, "営業")).files()
    assert facts is not None
    assert set(facts.missing_fields) == {"ocr_text", "pages.part"}


def test_a_field_of_another_type_is_named_with_the_one_it_should_have(inspect: Inspect) -> None:
    properties = files_body(shards=1, text_dimension=None)["mappings"]["properties"]
    facts = inspect(files({**properties, "subject": {"type": "text"}}, "営業")).files()
    assert facts is not None
    assert facts.missing_fields == ("subject as keyword",)


def test_the_analysis_is_the_one_that_the_mapping_states(inspect: Inspect) -> None:
    cluster = files({}, "営業")
    none = inspect(cluster).files()
    cluster.answers["/t-files/_mapping"]["t-files-v2"]["mappings"]["_meta"] = {"analysis": "0 none"}
    stated = inspect(cluster).files()
    assert none is not None
    assert stated is not None
    assert (none.analysis, str(stated.analysis)) == (None, "0 none")


def test_single_characters_are_no_words(inspect: Inspect) -> None:
    facts = inspect(files({}, "営", "業", "報", "告", "書")).files()
    assert facts is not None
    assert not facts.knows_japanese


@pytest.mark.parametrize(
    ("vector", "fits"), [({"dimension": 1024}, True), ({"dimension": 512}, False), (None, False)]
)
def test_only_a_vector_of_1024_fits(inspect: Inspect, vector: dict[str, Any] | None, fits: bool) -> None:
    properties = {**images_body(shards=1)["mappings"]["properties"]}
    properties.pop("image_vector")
    if vector:
        properties["image_vector"] = {"type": "knn_vector", **vector}
    cluster = Cluster(
        answers={
            "/t-images/_mapping": {"t-images-v1": {"mappings": {"properties": properties}}},
            "/t-images/_count": {"count": 0},
        }
    )
    facts = inspect(cluster).images()
    assert facts is not None
    assert facts.takes_vectors is fits


def test_an_index_that_is_not_there_is_none(inspect: Inspect) -> None:
    inspection = inspect(Cluster())
    assert inspection.files() is None
    assert inspection.images() is None
    assert inspection.missing_aliases() == ["t-files", "t-images"]


def test_a_cluster_without_kuromoji_is_detected(inspect: Inspect) -> None:
    answers = {"/": {"version": {"number": "2.19.1"}}, "/_cluster/health": {"status": "yellow"}}
    with_it = inspect(Cluster(answers={**answers, "/_analyze": tokens("営業")})).cluster()
    assert (with_it.version, with_it.status, with_it.kuromoji) == ("2.19.1", "yellow", True)


def test_an_outage_is_an_outage(inspect: Inspect) -> None:
    inspection = inspect(Cluster(answers={"/": {}}, status=503))
    with pytest.raises(UnavailableError):
        inspection.cluster()


def test_blocks_of_writes_are_named_with_their_index(inspect: Inspect) -> None:
    def blocked(**blocks: str) -> dict[str, Any]:
        return {"settings": {"index": {"blocks": blocks}}}

    settings = {
        "t-files-v1": blocked(read_only_allow_delete="true", metadata="true"),
        "t-images-v1": blocked(write="true", read_only="false"),
        "t-files-v2": {"settings": {}},
    }
    found = inspect(Cluster(answers={"/t-files,t-images/_settings/index.blocks.*": settings})).blocks()
    assert len(found) == 2
    assert found[0].startswith("t-files-v1 takes no writes")
    assert found[1].startswith("t-images-v1 was closed to writes")
