"""What is kept of one result; whole runs are in test_ingest_run.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from moto import mock_aws

from worker.aws.clients import make_clients
from worker.aws.ledger_row import FileRow
from worker.aws.provisioning import provision
from worker.aws.storage_handler import StorageHandler
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.home import made_with
from worker.home.folder import Home
from worker.home.manifest import Manifest
from worker.home.plan import Task, object_key
from worker.home.result import Result
from worker.home.result_keeper import Listener, ResultKeeper
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id
from worker.models.ledger import State
from worker.models.unread import UnreadSummary

pytestmark = pytest.mark.unit

TASK = Task(path="/share/a.txt", size_bytes=7, mtime_ns=1)


@pytest.fixture
def results() -> list[Result]:
    return []


@pytest.fixture
def keeper(tmp_path: Path, results: list[Result], monkeypatch: pytest.MonkeyPatch) -> Iterator[ResultKeeper]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    home = Home(folder=tmp_path)
    with (
        mock_aws(),
        closing(Manifest(home.manifest_path)) as manifest,
        closing(SqliteIndex(home.index_path)) as index,
    ):
        clients = make_clients()
        provision(clients, queue_name="q", dlq_name="dlq", buckets=["results"], table="files")
        yield ResultKeeper(
            home=home,
            manifest=manifest,
            index=index,
            storage=StorageHandler(clients.s3, results_bucket="results"),
            listener=Listener(
                on_result=results.append, on_note=lambda _p, _w: None, on_progress=lambda _p: None
            ),
            made_with="key",
        )


def row(**values: object) -> FileRow:
    fields = {"fence": 1, "state": State.INDEXED, "content_hash": "hash", "pages": 3, **values}
    return FileRow(file_id=TASK.file_id, **fields)  # type: ignore[arg-type]


def test_results_and_pages_are_counted(keeper: ResultKeeper, results: list[Result]) -> None:
    keeper.keep(TASK, row(), sha256="hash", seconds=1.5)
    keeper.keep_too_large(Task(path="/share/film.mp4", size_bytes=9), limit=8, version=1)
    assert (keeper.done, keeper.pages) == (2, 3)
    assert [(result.state, result.reason) for result in results] == [
        ("indexed", None),
        ("no_content", "too_large"),
    ]
    document = keeper.index.document(file_id(SOURCE_BUCKET, object_key("/share/film.mp4")))
    assert document is not None
    assert (document.state, document.file_name) == (State.NO_CONTENT, "film.mp4")
    assert keeper.index.search("film").total == 1
    assert keeper.manifest.get("/share/film.mp4") is not None


def test_an_artifact_that_was_not_indexed_is_kept_for_the_next_run_without_an_entry(
    keeper: ResultKeeper, results: list[Result]
) -> None:
    keeper.storage.put("artifacts/hash/txt-key", b"pages")
    keeper.keep(TASK, row(index_pending=True), sha256="hash", seconds=0)
    assert keeper.manifest.get(TASK.path) is None
    assert (keeper.home.folder / "artifacts/hash/txt-key").read_bytes() == b"pages"
    assert [result.state for result in results] == ["failed"]


@pytest.mark.parametrize(
    ("counts", "is_current"), [({"corrupt": 1}, True), ({"timeout": 1}, False), ({}, False)]
)
def test_a_file_is_read_again_for_a_limit_in_its_list_and_for_a_reason_without_one(
    keeper: ResultKeeper, counts: dict[str, int], is_current: bool
) -> None:
    partial = row(state=State.PARTIAL, reason="pages_failed", unread=UnreadSummary(counts=counts))
    keeper.keep(TASK, partial, sha256="hash", seconds=0)
    entry = keeper.manifest.get(TASK.path)
    assert entry is not None
    assert made_with.is_current(entry.made_with, keeper.made_with) is is_current
