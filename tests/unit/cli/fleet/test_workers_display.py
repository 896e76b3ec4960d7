"""How the fleet is printed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from worker.aws.other_rows.worker_rows import WorkerRow
from worker.cli.fleet.workers_display import FleetDisplay, fleet_line
from worker.fleet.fleet_report import group_workers

pytestmark = pytest.mark.unit

NOW = 1_700_000_000


def test_a_line_of_a_log_has_each_group() -> None:
    groups = group_workers(
        [
            WorkerRow(
                worker="a",
                group="night",
                documents=1,
                pages=1_250,
                pages_per_minute=41.5,
                documents_last_hour=2,
                pages_last_hour=10,
                pages_squared_last_hour=68,
                beat_at=NOW,
            ),
            WorkerRow(worker="b", beat_at=NOW - 4_000),
        ],
        now=NOW,
    )
    assert fleet_line(groups, now=datetime(2026, 11, 30, tzinfo=UTC)) == (
        "2026-11-30T00:00:00+00:00; (no group): 0 workers and 1 silent, 0 documents and 0 pages in hand, "
        "0 pages/min; night: 1 worker, 1 document and 1,250 pages in hand, 41.5 pages/min, "
        "last hour 2 documents of 5.0 ± 3.0 pages"
    )


def test_names_from_outside_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    row = WorkerRow(worker="a\x1b[2J", instance="i\x07", group="g\x1b[1m", lifecycle="idle", beat_at=NOW)
    FleetDisplay(is_live=False).show(group_workers([row], now=NOW))
    assert not set(capsys.readouterr().out) & {"\x1b", "\x07"}


def test_the_age_of_a_beat_has_one_unit(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [WorkerRow(worker=f"w{age}", beat_at=NOW - age) for age in (5, 130, 7_300, 90_000)]
    FleetDisplay(is_live=False).show(group_workers(rows, now=NOW))
    printed = capsys.readouterr().out
    for age in ("5s", "2m", "2h", "1d"):
        assert f" {age} " in printed
