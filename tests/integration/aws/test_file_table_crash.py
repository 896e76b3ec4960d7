"""FileTable against two servers of DynamoDB: the deaths of workers that held a file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.aws.ledger import CHECKPOINT, MESSAGE, held, read
from worker.aws.clients import Clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import FileRow
from worker.models.ledger import State

pytestmark = pytest.mark.integration
SERVERS = ("moto", "dynamodb")


@pytest.fixture
def worker(clients: Clients, table_name: str) -> FileTable:
    return FileTable(clients.dynamodb, table=table_name, owner="worker", pipeline_version="7", boot_id="boot")


def _claim(
    table: FileTable, *, seen: FileRow | None, version: str = "v1", is_isolated: bool = True
) -> FileRow:
    fence = seen.fence if seen else 0
    return table.claim(
        MESSAGE, message_id="m1", version=version, seen=seen, attempt=f"a{fence}", is_isolated=is_isolated
    )


def _die(table: FileTable, *, times: int) -> FileRow:
    """Claim the file and record the death of its worker, so many times."""
    seen = table.read(MESSAGE.file_id)
    for _ in range(times):
        seen = table.record_crash(held(_claim(table, seen=seen, is_isolated=seen is not None)))
        assert seen is not None
    assert seen is not None
    return seen


def test_a_claim_marks_the_start_with_owner_and_boot(worker: FileTable) -> None:
    row = _claim(worker, seen=None, is_isolated=False)
    assert (row.owner, row.boot_id) == ("worker", "boot")
    assert (row.is_suspect, row.is_isolated, row.crash_strikes) == (False, False, 0)


def test_a_death_makes_a_file_suspect_and_each_one_in_isolation_is_a_strike(worker: FileTable) -> None:
    for strikes in (0, 1, 2):
        row = _die(worker, times=1)
        assert (row.is_suspect, row.crash_strikes) == (True, strikes)
        assert (row.owner, row.boot_id, row.is_isolated) == (None, None, False)
        assert read(worker) == row


def test_a_death_whose_record_lost_its_response_is_one_strike(
    clients: Clients, worker: FileTable, lose_responses: Any
) -> None:
    claim = held(_claim(worker, seen=_die(worker, times=1)))
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        worker.record_crash(claim)
        assert len(lost) == 1
    assert worker.record_crash(claim) is None
    assert read(worker).crash_strikes == 1


def test_a_death_on_another_boot_is_not_recorded(
    clients: Clients, table_name: str, worker: FileTable
) -> None:
    claim = held(_claim(worker, seen=None))
    later = FileTable(clients.dynamodb, table=table_name, owner="w", pipeline_version="7", boot_id="next")
    assert later.record_crash(claim) is None
    assert not read(worker).is_suspect


def test_a_checkpoint_clears_the_strikes(worker: FileTable) -> None:
    row = _claim(worker, seen=_die(worker, times=3))
    assert row.crash_strikes == 2
    worker.save_checkpoint(held(row), CHECKPOINT)
    saved = read(worker)
    assert (saved.crash_strikes, saved.is_suspect, saved.is_isolated) == (0, False, False)
    assert saved.owner == "worker"


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_release_keeps_what_is_known_of_deaths(worker: FileTable, interrupted: bool) -> None:
    worker.release(held(_claim(worker, seen=_die(worker, times=3))), interrupted=interrupted)
    row = read(worker)
    assert (row.crash_strikes, row.is_suspect, row.is_isolated, row.boot_id) == (2, True, False, None)


@pytest.mark.parametrize(("state", "strikes"), [(State.INDEXED, 0), (State.DEAD_LETTERED, 3)])
def test_a_commit_ends_the_suspicion_and_a_dead_lettered_row_shows_its_strikes(
    worker: FileTable, state: State, strikes: int
) -> None:
    worker.commit(held(_claim(worker, seen=_die(worker, times=4))), Commit(state=state))
    row = read(worker)
    assert (row.crash_strikes, row.is_suspect, row.boot_id) == (strikes, False, None)


def test_a_new_version_starts_without_the_strikes_of_the_old(worker: FileTable) -> None:
    row = _claim(worker, seen=_die(worker, times=3), version="v2", is_isolated=False)
    assert (row.crash_strikes, row.is_suspect) == (0, False)
