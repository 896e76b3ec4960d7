"""What init creates beside AWS's own; the command itself is in tests/unit/cli/test_run.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from worker.config import load_settings
from worker.operation.deployment import create_deployment

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        yield


def test_a_path_of_the_index_is_proposed_where_none_is_set(tmp_path: Path) -> None:
    proposed = create_deployment(load_settings(), connect_existing=False, dry_run=True)
    kept = create_deployment(
        load_settings(sqlite_path=tmp_path / "index"), connect_existing=False, dry_run=True
    )
    assert proposed.variables["CIS_SQLITE_PATH"] == "index.sqlite3"
    assert "CIS_SQLITE_PATH" not in kept.variables


def test_buckets_that_exist_are_connected_only_on_request() -> None:
    settings = load_settings(source_buckets="one,two", results_bucket="results")
    create_deployment(settings, connect_existing=False, dry_run=False)
    again = create_deployment(settings, connect_existing=True, dry_run=False)
    assert [resource.created for resource in again.resources] == [False] * 6
    assert again.variables["CIS_SOURCE_BUCKETS"] == "one,two"
    assert again.warnings == ()
