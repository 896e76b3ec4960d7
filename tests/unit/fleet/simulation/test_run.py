"""SimulatedRun: nothing is lost, an interruption costs what it costs a worker, no busy instance is killed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.fleet.simulation.scenario_parts import PAGES, STEADY, backfill_scenario, make_scenario
from worker.fleet.simulation.run import SimulatedRun
from worker.fleet.simulation.scenarios.scenario import Scenario
from worker.fleet.simulation.workload import make_workload

pytestmark = pytest.mark.unit

LONG = [{"name": "scan", "share": 1, "pages": {"median": 40, "p95": 200}, "seconds_per_page": 1}]


def run(scenario: Scenario, policy: int = 0, **changes: Any) -> SimulatedRun:
    return SimulatedRun(scenario, make_workload(scenario), scenario.policies[policy], **changes).run()


def ends_of(done: SimulatedRun) -> np.ndarray:
    return done.service.slots.finish()


@pytest.mark.parametrize("without_notice", [0, 1])
@pytest.mark.parametrize("fluid_above", [100_000, 100])
def test_every_document_is_done_whatever_is_interrupted(without_notice: float, fluid_above: int) -> None:
    instances = {"vcpus": 4, "boot_s": 60, "interruptions_per_hour": 4, "without_notice": without_notice}
    done = run(backfill_scenario(1500, documents=LONG, instances=instances), fluid_above=fluid_above)
    assert done.tally.interruptions > 5
    assert np.isfinite(ends_of(done)).all()


def test_an_interruption_with_notice_repeats_no_page_and_one_without_half_a_minute_at_most() -> None:
    def interrupted(without_notice: float) -> SimulatedRun:
        instances = {"vcpus": 4, "boot_s": 60, "interruptions_per_hour": 4, "without_notice": without_notice}
        return run(backfill_scenario(1500, documents=LONG, instances=instances))

    assert interrupted(0).tally.pages_repeated == 0
    killed = interrupted(1).tally
    # Four slots of pages of a second: up to 30 s since the last checkpoint, and the page in hand.
    assert killed.interruptions * 4 < killed.pages_repeated <= killed.interruptions * 4 * 31


def test_interruptions_make_the_same_work_longer() -> None:
    calm = run(backfill_scenario(1500, documents=LONG))
    instances = {"vcpus": 4, "boot_s": 300, "interruptions_per_hour": 6, "without_notice": 1}
    assert (
        ends_of(run(backfill_scenario(1500, documents=LONG, instances=instances))).max() > ends_of(calm).max()
    )


def test_pages_come_from_zero_meet_the_load_and_go_to_zero() -> None:
    load = [STEADY | {"documents_per_hour": 7200}]
    done = run(make_scenario(arrivals=load, duration_days=0.1), 1)
    tally = done.tally
    assert tally.in_service[0] == 0
    assert max(tally.in_service) >= 2
    assert tally.busy_killed == 0
    ended = run(backfill_scenario(2000), 1)
    assert (ended.tally.desired[-1], len(ended.group.alive)) == (0, 0)
    assert ended.tally.busy_killed == 0


def test_without_protection_busy_instances_are_killed_and_their_documents_are_done_all_the_same() -> None:
    """Target tracking takes whatever instance is the oldest."""
    waves = [
        {"kind": "backfill", "documents": 3000, "documents_per_s": 100, "start_hour": 0},
        {"kind": "steady", "documents_per_hour": 2000},
    ]

    def killed(is_protected: bool) -> SimulatedRun:
        tracking = {
            "kind": "target_tracking",
            "backlog_per_instance": 50,
            "max_capacity": 20,
            "scale_in_protection": is_protected,
        }
        scenario = make_scenario(
            arrivals=waves, policies=[tracking], chosen="target_tracking", documents=LONG, duration_days=0.15
        )
        return run(scenario)

    unprotected = killed(is_protected=False)
    assert unprotected.tally.busy_killed > 0
    assert np.isfinite(ends_of(unprotected)).all()
    assert killed(is_protected=True).tally.busy_killed == 0


def test_the_quota_of_vcpus_bounds_every_fleet() -> None:
    done = run(
        backfill_scenario(2000, quotas={"vcpus": 12}, policies=[{"kind": "static", "instances": 50}, PAGES])
    )
    assert max(done.tally.in_service) == 3


def test_vectors_wait_for_the_quota_of_images_and_documents_do_not() -> None:
    pictures = [{"name": "picture", "share": 1, "pages": 1, "seconds_per_page": 1, "images": 1}]
    free = run(backfill_scenario(2000, documents=pictures))
    bound = run(backfill_scenario(2000, documents=pictures, quotas={"images_per_minute": 60}))
    assert free.tally.most_vectors_pending == 0
    assert bound.tally.most_vectors_pending > 1000
    assert ends_of(bound).tolist() == ends_of(free).tolist()


def test_a_fleet_that_is_never_done_ends_at_the_limit() -> None:
    done = run(
        make_scenario(arrivals=[STEADY | {"documents_per_hour": 30_000}], limit_days=0.1, duration_days=0.05)
    )
    assert done.end_s == pytest.approx(0.1 * 86_400)
    assert np.isinf(ends_of(done)).any()


def test_the_same_seed_gives_the_same_run() -> None:
    instances = {"vcpus": 4, "boot_s": 60, "boot_spread_s": 60, "interruptions_per_hour": 2}
    first, again = (run(backfill_scenario(800, documents=LONG, instances=instances)) for _ in range(2))
    assert ends_of(first).tolist() == ends_of(again).tolist()
    assert first.tally == again.tally
