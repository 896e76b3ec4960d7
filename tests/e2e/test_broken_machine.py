"""`cis-worker run` on a machine that cannot work: a folder that is gone, a disk without room."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_documents_are_processed_after_the_work_folder_was_deleted(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    worker = fleet.start()
    shutil.rmtree(fleet.work_dir)
    for number in range(5):
        fleet.put(f"{number}.txt", b"text")
    until(lambda: sum(row.is_finished for row in fleet.table.rows()) == 5)
    assert {(row.state, row.failures) for row in fleet.table.rows()} == {(State.INDEXED, 0)}
    assert worker.stop() == 0
    # A worker that is killed leaves nothing behind either.
    assert list(fleet.work_dir.iterdir()) == []


def test_a_worker_without_room_receives_nothing_and_stops_with_a_failure(fleet: Fleet) -> None:
    fleet.put("a.txt", b"text")
    waiting = fleet.waiting()
    worker = fleet.stack.start_worker(
        "full",
        changes={
            "CIS_WORK_DIR": str(fleet.work_dir),
            "CIS_MIN_FREE_DISK_BYTES": str(2**60),
            "CIS_LOCAL_FAULT_TIMEOUT_S": "1",
        },
        on_line=fleet.lines.append,
    )
    assert worker.wait(280) == 1
    (report,) = fleet.events("worker_stopped")
    assert report["status"] == "FAILED"
    assert "CIS_MIN_FREE_DISK_BYTES" in str(fleet.events("fatal_error")[0]["reason"])
    assert fleet.row("a.txt") is None
    assert fleet.waiting() == waiting


def test_two_workers_on_one_folder_leave_each_other_their_files(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    fleet.start("first")
    (folder,) = fleet.work_dir.iterdir()
    second = fleet.start("second")
    assert folder.is_dir()
    second.kill()
    until(lambda: list(fleet.work_dir.iterdir()) == [folder])
    fleet.start("third")
    assert folder.is_dir()
