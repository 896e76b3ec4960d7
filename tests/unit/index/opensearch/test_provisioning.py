"""Indices are created where they are missing, also by two workers at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import MisconfiguredError
from worker.index.opensearch.client import connect
from worker.index.opensearch.provisioning import IndexMaker

pytestmark = pytest.mark.unit


@dataclass
class Cluster:
    """Has some aliases; `refuses` is the error for the creation of an index."""

    aliases: set[str] = field(default_factory=set)
    refuses: str = ""
    status: int = 400
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        self.asked.append((request.method, request.path))
        name = request.path.rpartition("/")[2]
        if request.method == "HEAD":
            return Response(status=200 if name in self.aliases else 404)
        if self.refuses and "_alias" not in request.path:
            error = {"type": self.refuses, "reason": "no"}
            return Response(status=self.status, body=json.dumps({"error": error}).encode())
        return Response(body=b"{}")

    def puts(self) -> list[str]:
        return [path for method, path in self.asked if method == "PUT"]


def on(cluster: Cluster, act: Callable[[IndexMaker], object]) -> object:
    with LocalHttpServer(cluster.answer) as server:
        return act(IndexMaker(connect(server.url), prefix="t-", shards=1, text_dimension=None))


def test_missing_indices_are_named_and_created() -> None:
    cluster = Cluster(aliases={"t-images"})
    assert on(cluster, IndexMaker.missing_aliases) == ["t-files"]
    assert on(cluster, IndexMaker.make_files) is True
    assert on(cluster, IndexMaker.make_images) is False
    assert cluster.puts() == ["/t-files-v2"]


def test_two_workers_may_create_an_index_at_the_same_time() -> None:
    cluster = Cluster(refuses="resource_already_exists_exception")
    assert on(cluster, IndexMaker.make_files) is True
    assert cluster.puts() == ["/t-files-v2", "/t-files-v2/_alias/t-files"]


def test_an_alias_name_that_is_an_index_is_a_misconfiguration() -> None:
    with pytest.raises(MisconfiguredError, match="CIS_INDEX_PREFIX"):
        on(Cluster(refuses="invalid_alias_name_exception"), IndexMaker.make_files)


def test_missing_rights_are_a_misconfiguration() -> None:
    with pytest.raises(MisconfiguredError, match="rights"):
        on(Cluster(refuses="security_exception", status=403), IndexMaker.make_files)
