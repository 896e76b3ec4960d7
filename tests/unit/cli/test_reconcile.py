"""reconcile: what it prints, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from worker.aws.clients import Clients, make_clients
from worker.aws.provisioning import provision
from worker.cli.main import app
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Clients]:
    """A set-up as init makes it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        made = provision(
            clients, queue_name="q", dlq_name="dlq", buckets=["source", "results"], table="files"
        )
        for name, value in {
            "CIS_QUEUE_URL": made[0].identifier,
            "CIS_DLQ_URL": made[1].identifier,
            "CIS_RESULTS_BUCKET": "results",
            "CIS_SOURCE_BUCKETS": "source",
            "CIS_FILE_TABLE": "files",
            "CIS_SQLITE_PATH": str(tmp_path / "index"),
            "CIS_WORK_DIR": str(tmp_path),
        }.items():
            monkeypatch.setenv(name, value)
        yield clients


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def _json(result: Result) -> dict[str, Any]:
    (line,) = result.stdout.splitlines()
    values = json.loads(line)
    assert isinstance(values, dict)
    return values


def test_differences_are_reported_queued_and_an_empty_bucket_has_none(aws: Clients) -> None:
    assert _run("reconcile", "s3://source").exit_code == 0
    aws.s3.put_object(Bucket="source", Key="営業/a+b.txt", Body=b"x")
    found = _run("reconcile", "s3://source/営業/", "--dry-run", "--json")
    values = _json(found)
    assert found.exit_code == 1
    assert (values["total"], values["queued"], values["finished"]) == (1, 0, True)
    assert values["differences"] == {"missing": 1, "stale": 0, "orphaned": 0, "unfinished": 0}
    assert [each["key"] for each in values["files"]] == ["営業/a+b.txt"]
    fixed = _run("reconcile", "s3://source/", "--fix")
    assert fixed.exit_code == 0
    assert "missing: 営業/a+b.txt" in fixed.stdout
    assert "1 differences, 1 events queued" in fixed.stdout


def test_both_kinds_of_run_at_once_and_other_buckets_are_refused(aws: Clients) -> None:
    assert _run("reconcile", "s3://source", "--fix", "--dry-run").exit_code == 2
    with pytest.raises(MisconfiguredError, match="not a source"):
        _run("reconcile", "s3://results/")
    with pytest.raises(MisconfiguredError, match="s3://bucket/prefix"):
        _run("reconcile", "source")
