"""The workers by group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.world import TABLE, World
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.config import load_settings
from worker.errors import MisconfiguredError
from worker.fleet.fleet_report import group_workers, read_fleet

pytestmark = pytest.mark.unit

NOW = 1_700_000_000


def worker(name: str, group: str, **values: Any) -> WorkerRow:
    return WorkerRow(worker=name, group=group, **{"beat_at": NOW - 5, **values})


def test_workers_are_in_their_groups_and_silent_ones_count_for_nothing() -> None:
    groups = group_workers(
        [
            worker("a", "night", documents=2, pages=40, documents_last_hour=3, pages_last_hour=30),
            worker("b", "night", documents=1, pages=5, documents_last_hour=1, pages_last_hour=2),
            worker("c", "night", documents=9, pages=900, beat_at=NOW - 500),
            worker("d", ""),
        ],
        now=NOW,
    )
    assert [group.name for group in groups] == ["", "night"]
    night = groups[1]
    assert [(each.row.worker, each.beat_age_s, each.is_silent) for each in night.workers] == [
        ("a", 5, False),
        ("b", 5, False),
        ("c", 500, True),
    ]
    assert (night.documents, night.pages) == (3, 45)
    assert (night.last_hour.documents, night.last_hour.mean) == (4, 8.0)


def test_a_clock_that_is_ahead_makes_no_negative_age() -> None:
    (group,) = group_workers([worker("a", "", beat_at=NOW + 30)], now=NOW)
    assert group.workers[0].beat_age_s == 0


def test_it_is_read_from_the_table_of_the_settings(world: World) -> None:
    WorkerRows(client=world.clients.dynamodb, table=TABLE).write(worker("a", "night"), expires_at=NOW)
    (group,) = read_fleet(load_settings(file_table=TABLE), world.clients, now=NOW)
    assert group.workers[0].row.worker == "a"
    with pytest.raises(MisconfiguredError, match="CIS_FILE_TABLE"):
        read_fleet(load_settings(file_table=""), world.clients, now=NOW)
