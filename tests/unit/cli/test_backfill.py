"""backfill: what it prints, and its exit status."""

from __future__ import annotations

import pytest

from tests.unit.cli.test_reconcile import _json, _run, aws  # noqa: F401 - a fixture
from worker.aws.clients import Clients

pytestmark = pytest.mark.unit


def test_files_are_counted_queued_and_then_known_to_the_queue(aws: Clients) -> None:  # noqa: F811
    for number in range(3):
        aws.s3.put_object(Bucket="source", Key=f"{number}.txt", Body=b"12345")
    counted = _json(_run("backfill", "s3://source", "--dry-run", "--json"))
    assert (counted["queued"], counted["bytes"], counted["dry_run"]) == (3, 15, True)
    queued = _run("backfill", "s3://source", "--rate", "100")
    assert queued.exit_code == 0
    assert "3 objects: 3 files queued (0.0 MB), 0 known, 0 ignored." in queued.stdout
    values = _json(_run("backfill", "s3://source", "--json", "--no-count"))
    assert (values["finished"], values["stopped_after"], values["resumed_after"]) == (True, None, None)
