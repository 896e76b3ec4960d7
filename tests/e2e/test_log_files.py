"""Log files of real workers: one is killed, the next ships what it left, and its own at its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _events(folder: Path, process: int) -> list[str]:
    return [
        json.loads(line)["event"]
        for path in sorted(folder.glob(f"cis-worker.*.{process}.*.log"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def test_the_next_worker_ships_the_logs_of_one_that_was_killed(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    folder = fleet.work_dir.parent / "logs"
    changes = {"CIS_WORK_DIR": str(fleet.work_dir), "CIS_LOG_DIR": str(folder), "CIS_LOG_SHIP": "true"}
    first = fleet.stack.start_worker("first", changes=changes)
    until(lambda: folder.exists() and "worker_ready" in _events(folder, first.pid))
    first.kill()
    second = fleet.stack.start_worker("second", changes=changes)

    def shipped() -> dict[str, list[dict[str, object]]]:
        s3, bucket = fleet.stack.clients.s3, fleet.stack.resources.results_bucket
        found = s3.list_objects_v2(Bucket=bucket, Prefix="logs/").get("Contents", [])
        bodies = {each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found}
        return {key: [json.loads(line) for line in body.splitlines()] for key, body in bodies.items()}

    until(lambda: len(shipped()) == 1)
    until(lambda: "worker_ready" in _events(folder, second.pid))
    ((key, lines),) = shipped().items()
    assert f".{first.pid}." in key
    assert key.startswith("logs/i-")
    assert {line["worker"] for line in lines} == {"first"}
    assert "orphaned_logs_found" in _events(folder, second.pid)
    assert second.stop() == 0
    assert len(shipped()) == 2
    (own,) = (lines for key, lines in shipped().items() if f".{second.pid}." in key)
    assert own[-1]["event"] == "worker_stopped"
    assert list(folder.iterdir()) == []
    assert [line["event"] for line in second.lines()] == ["logging_to_files"]
