"""Workload: documents come when the scenario says, and carry the work that it says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.fleet.simulation.scenario_parts import BACKFILL, make_scenario
from worker.errors import MisconfiguredError
from worker.fleet.simulation.workload import make_workload

pytestmark = pytest.mark.unit

KINDS = [
    {"name": "scan", "share": 0.25, "pages": {"median": 5, "p95": 50}, "seconds_per_page": 2},
    {"name": "text", "share": 0.75, "pages": 0, "seconds_per_page": 0, "seconds_per_document": 0.1},
]


def test_a_steady_load_has_its_rate_at_all_hours() -> None:
    load = make_workload(
        make_scenario(arrivals=[{"kind": "steady", "documents_per_hour": 1000}], duration_days=1)
    )
    assert np.histogram(load.arrivals_s, bins=4)[0] == pytest.approx(6000, rel=0.05)
    assert (np.diff(load.arrivals_s) >= 0).all()


def test_an_office_has_days_nights_and_weekends() -> None:
    hours = [0] * 8 + [1] * 10 + [0] * 6
    office = {"kind": "office_day", "documents_per_day": 2000, "hours": hours, "weekend": 0.1}
    load = make_workload(make_scenario(arrivals=[office], duration_days=7))
    days, times = np.divmod(load.arrivals_s, 86_400)
    assert np.bincount(days.astype(int)) == pytest.approx([2000] * 5 + [200] * 2, rel=0.3)
    assert (times.min() / 3600, times.max() / 3600) == pytest.approx((8, 18), abs=0.1)


def test_a_backfill_comes_at_its_pace_among_what_else_comes() -> None:
    backfill = BACKFILL | {"documents": 10, "documents_per_s": 2, "start_hour": 1}
    alone = make_workload(make_scenario(arrivals=[backfill], duration_days=None))
    assert alone.arrivals_s.tolist() == [3600 + number / 2 for number in range(10)]
    steady = {"kind": "steady", "documents_per_hour": 100}
    both = make_workload(make_scenario(arrivals=[backfill, steady], duration_days=0.1))
    assert len(both) > 110
    assert (np.diff(both.arrivals_s) >= 0).all()


def test_work_is_that_of_the_kinds_in_their_shares() -> None:
    arrivals = [BACKFILL | {"documents": 20_000}]
    load = make_workload(make_scenario(arrivals=arrivals, duration_days=None, documents=KINDS))
    scans = load.kinds == 0
    assert scans.mean() == pytest.approx(0.25, abs=0.02)
    assert load.work_s[scans] == pytest.approx(2.0 * load.pages[scans])
    assert (load.pages[~scans] == 1).all()
    assert load.work_s[~scans] == pytest.approx(0.1)
    assert load.work_until_s[-1] == pytest.approx(load.work_s.sum())


def test_only_long_documents_are_read_by_several_slots() -> None:
    load = make_workload(make_scenario(arrivals=[BACKFILL], duration_days=None, documents=KINDS))
    assert load.shards.max() == 4
    assert (load.shards <= load.pages).all()
    assert (load.shards[load.work_s <= 2] == 1).all()


def test_the_seed_decides_all_of_it() -> None:
    first, again, other = (make_workload(make_scenario(seed=seed)) for seed in (1, 1, 2))
    assert first.arrivals_s.tolist() == again.arrivals_s.tolist()
    assert first.arrivals_s.tolist() != other.arrivals_s.tolist()


def test_no_document_at_all_is_a_fault_of_the_scenario() -> None:
    rare = [{"kind": "steady", "documents_per_hour": 1e-6}]
    with pytest.raises(MisconfiguredError, match=r"no document comes in 0\.1 days"):
        make_workload(make_scenario(arrivals=rare))
