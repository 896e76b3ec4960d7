"""`fleet`: the table, one JSON object, a group, and the end of a watch."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from worker.aws.clients import make_clients
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.aws.provisioning import provision
from worker.cli.interruption import Interruption
from worker.cli.main import app
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerRows]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("CIS_FILE_TABLE", "files")
    with mock_aws():
        clients = make_clients()
        provision(clients, queue_name="q", dlq_name="dlq", buckets=[], table="files")
        yield WorkerRows(client=clients.dynamodb, table="files")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["fleet", *arguments], catch_exceptions=False)


def _register(rows: WorkerRows, name: str, **values: Any) -> None:
    now = int(time.time())
    rows.write(WorkerRow(worker=name, **{"beat_at": now, **values}), expires_at=now + 60)


def test_it_shows_who_works_where(rows: WorkerRows) -> None:
    _register(rows, "w-1", instance="i-1", group="night", lifecycle="working", documents=3, pages=40)
    _register(rows, "w-2", instance="i-2", group="night", lifecycle="working", beat_at=1)
    text = _run().stdout
    assert "night: 1 worker and 1 silent, 3 documents and 40 pages in hand" in text
    for word in ("w-1", "i-1", "working", "w-2", "i-2", "silent"):
        assert word in text


def test_json_is_one_object_with_all_there_is(rows: WorkerRows) -> None:
    _register(
        rows,
        "w-1",
        group="night",
        instance_lifecycle="spot",
        documents_last_hour=2,
        pages_last_hour=10,
        pages_squared_last_hour=68,
    )
    result = _run("--json")
    (line,) = result.stdout.splitlines()
    values = json.loads(line)
    assert (values["workers"], values["silent"]) == (1, 0)
    (group,) = values["groups"]
    assert group["last_hour"] == {"documents": 2, "pages": 10, "mean": 5.0, "standard_deviation": 3.0}
    (worker,) = group["workers"]
    assert (worker["worker"], worker["instance_lifecycle"], worker["is_silent"]) == ("w-1", "spot", False)
    assert worker["beat_age_s"] < 60
    assert result.stderr == ""


def test_one_group_may_be_asked_for(rows: WorkerRows) -> None:
    for name, group in (("a", "night"), ("b", "day"), ("c", "")):
        _register(rows, name, group=group)

    def names(*arguments: str) -> list[str]:
        values = json.loads(_run(*arguments, "--json").stdout)
        return [worker["worker"] for group in values["groups"] for worker in group["workers"]]

    assert names("--group", "day") == ["b"]
    assert names("--group", "") == ["c"]
    assert sorted(names()) == ["a", "b", "c"]


def test_an_empty_fleet_is_said_to_be_empty(rows: WorkerRows) -> None:
    assert "No worker is registered" in _run().stdout
    assert json.loads(_run("--json").stdout)["groups"] == []


def test_a_watch_reports_again_until_it_is_stopped(rows: WorkerRows, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(rows, "w-1", group="night")
    waits: list[float] = []

    def wait(self: Interruption, seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 2:
            self.request(2)
        return self.is_requested

    monkeypatch.setattr(Interruption, "wait", wait)
    result = _run("--watch", "5")
    assert result.exit_code == 130
    assert waits == [5.0, 5.0]
    assert [line.count("night: 1 worker") for line in result.stdout.splitlines()] == [1, 1]


def test_a_missing_table_is_an_error_with_its_advice(
    rows: WorkerRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIS_FILE_TABLE", "none")
    with pytest.raises(MisconfiguredError, match="cis-worker init"):
        _run()
