"""What the registered workers add up to."""

from __future__ import annotations

from typing import Any

import pytest

from worker.aws.other_rows.worker_rows import WorkerRow
from worker.fleet.fleet_work import FleetWork, summarise
from worker.fleet.scaling_state import PageCounts

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

NOW = 10_000.0


def work_of(*rows: WorkerRow) -> FleetWork:
    return summarise(rows, group="g", members=frozenset({"i-9"}), slots_per_instance=2, now=NOW)


def worker(name: str, **values: Any) -> WorkerRow:
    return WorkerRow(**{"worker": name, "group": "g", "beat_at": int(NOW), **values})


def test_the_last_hour_counts_although_its_worker_is_silent_now() -> None:
    found = work_of(
        worker("a", documents_last_hour=2, pages_last_hour=8, pages_squared_last_hour=34),
        worker("b", documents_last_hour=1, pages_last_hour=1, pages_squared_last_hour=1, beat_at=5_000),
    )
    assert found.counts == PageCounts(documents=3, pages=9, squares=35)
    assert found.workers == 1


def test_the_throughput_is_that_of_workers_with_documents_in_hand() -> None:
    found = work_of(
        worker("a", instance="i-1", documents=1, pages_per_minute=20.0),
        worker("b", instance="i-2", documents=0, pages_per_minute=50.0),
        worker("c", instance="i-3", documents=5, pages_per_minute=50.0, beat_at=5_000),
    )
    assert found.pages_per_minute == 20
    assert found.busy_instances == {"i-1"}


def test_the_rate_of_an_instance_is_that_of_instances_with_enough_in_hand() -> None:
    found = work_of(
        worker("a", instance="i-1", documents=1, pages_per_minute=20.0),
        worker("b", instance="i-2", documents=5, pages_per_minute=48.0),
        worker("c", instance="i-3", documents=2, pages_per_minute=25.0),
        worker("d", instance="i-3", documents=2, pages_per_minute=27.0),
        worker("f", instance="i-9", documents=4, pages_per_minute=50.0, group="a label"),
        worker("e", instance="i-4", documents=9, pages_per_minute=900.0, group="another"),
    )
    assert found.instance_rate == 50
    assert work_of(worker("a", documents=1, pages_per_minute=20.0)).instance_rate is None
