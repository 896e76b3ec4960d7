"""Result: what a run came to, in the figures by which policies are compared."""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from worker.fleet.simulation.costs import Costs, Use, price
from worker.fleet.simulation.run import MINUTE_S, SimulatedRun
from worker.fleet.simulation.scenarios.distribution import Floats
from worker.fleet.simulation.scenarios.policy_settings import PolicySettings
from worker.fleet.simulation.scenarios.scenario import Scenario
from worker.fleet.simulation.service import FLUID_ABOVE
from worker.fleet.simulation.workload import Workload

_REVERSAL_S = 1_800.0
_CURVE_POINTS = 600
_MILESTONES = (25, 50, 75, 95, 100)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curves:
    """What is drawn of a run: by time backlog, instances and the delay that documents of that time had."""

    hours: Floats
    backlogs: Floats
    in_service: Floats
    delays_s: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One policy on one scenario. `drained_s` is None, and delays are infinite, where it was not done."""

    policy: str
    kind: str
    documents: int
    pages: int
    drained_s: float | None
    delay_p50_s: float
    delay_p95_s: float
    target_delay_s: float
    """The delay of the percentile that the target names."""
    done_s: dict[int, float]
    """Percent of the documents -> when they were done, since the start."""
    meets_target: bool
    spot_hours: float
    on_demand_hours: float
    hours_to_drain: float
    peak_instances: int
    costs: Costs
    interruptions: int
    pages_repeated: int
    busy_killed: int
    changes: int
    oscillations: int
    most_vectors_pending: int
    fluid_steps: int
    curves: Curves

    @property
    def instance_hours(self) -> float:
        """Hours of all instances."""
        return self.spot_hours + self.on_demand_hours

    @property
    def per_million_pages(self) -> float:
        """What a million pages cost."""
        return self.costs.total * 1e6 / self.pages if self.pages else 0.0


def simulate(
    scenario: Scenario, load: Workload, settings: PolicySettings, *, fluid_above: int = FLUID_ABOVE
) -> Result:
    """One policy on these documents; with more than `fluid_above` of them in the queue in fluid steps."""
    was_enabled = gc.isenabled()
    # Millions of small tuples, none in a cycle: looking for garbage among them takes a third of the time.
    gc.disable()
    try:
        return make_result(SimulatedRun(scenario, load, settings, fluid_above=fluid_above).run())
    finally:
        if was_enabled:
            gc.enable()


def make_result(run: SimulatedRun) -> Result:
    """The figures of a run that has ended."""
    scenario, load, tally = run.scenario, run.service.load, run.tally
    ends_s = run.service.slots.finish()
    delays_s = ends_s - load.arrivals_s
    p50, p95, target = _percentiles(delays_s, (50.0, 95.0, scenario.target.percentile))
    last_s = float(ends_s.max()) if len(ends_s) else 0.0
    is_drained = math.isfinite(last_s)
    # Who runs a fleet of a fixed size ends it when all is done, where nothing more will come.
    is_ended = is_drained and run.settings.kind == "static" and scenario.duration_days is None
    spot, on_demand = run.group.hours(last_s if is_ended else run.end_s)
    changes, oscillations = count_changes(tally.desired)
    return Result(
        policy=run.settings.label,
        kind=run.settings.kind,
        documents=len(load),
        pages=int(load.pages.sum()),
        drained_s=last_s if is_drained else None,
        delay_p50_s=p50,
        delay_p95_s=p95,
        target_delay_s=target,
        done_s=dict(zip(_MILESTONES, _percentiles(ends_s, _MILESTONES), strict=True)),
        meets_target=target <= scenario.target.delay_s,
        spot_hours=spot,
        on_demand_hours=on_demand,
        hours_to_drain=sum(run.group.hours(min(last_s, run.end_s))),
        peak_instances=max(tally.in_service, default=0),
        costs=price(_use(run, spot, on_demand), scenario),
        interruptions=tally.interruptions,
        pages_repeated=round(tally.pages_repeated),
        busy_killed=tally.busy_killed,
        changes=changes,
        oscillations=oscillations,
        most_vectors_pending=round(tally.most_vectors_pending),
        fluid_steps=run.service.fluid_steps,
        curves=_curves(run, delays_s),
    )


def _use(run: SimulatedRun, spot_hours: float, on_demand_hours: float) -> Use:
    load, images, tokens = run.service.load, 0, 0.0
    for number, kind in enumerate(run.scenario.documents):
        is_of_kind = load.kinds == number
        images += int(is_of_kind.sum()) * kind.images
        tokens += float(load.pages[is_of_kind].sum()) * kind.tokens_per_page
    return Use(
        documents=len(load),
        work_s=float(load.work_s.sum()),
        spot_hours=spot_hours,
        on_demand_hours=on_demand_hours,
        images=images,
        tokens=tokens,
    )


def count_changes(desired: Sequence[int]) -> tuple[int, int]:
    """Changes of the desired capacity, and those that took back one of the half hour before them."""
    changes = oscillations = 0
    last_at, last_sign = -math.inf, 0
    for minute in range(1, len(desired)):
        step = desired[minute] - desired[minute - 1]
        if not step:
            continue
        sign = 1 if step > 0 else -1
        changes += 1
        oscillations += sign == -last_sign and (minute - last_at) * MINUTE_S <= _REVERSAL_S
        last_at, last_sign = minute, sign
    return changes, oscillations


def _percentiles(delays_s: Floats, percentiles: Sequence[float]) -> list[float]:
    """Those of the documents that came: the smallest delay that so many percent do not exceed."""
    if not len(delays_s):
        return [0.0 for _ in percentiles]
    places = [min(len(delays_s) - 1, math.ceil(len(delays_s) * each / 100) - 1) for each in percentiles]
    ordered = np.partition(delays_s, sorted(set(places)))
    return [float(ordered[place]) for place in places]


def _curves(run: SimulatedRun, delays_s: Floats) -> Curves:
    tally, arrivals_s = run.tally, run.service.load.arrivals_s
    stride = max(1, math.ceil(len(tally.times_s) / _CURVE_POINTS))
    times_s = np.array(tally.times_s)[::stride]
    # The slowest of each interval would hide the rest, the mean the slow ones.
    edges = np.searchsorted(arrivals_s, np.append(times_s - stride * MINUTE_S, np.inf))
    delays = [
        float(np.percentile(part, 95, method="lower")) if len(part) else math.nan
        for part in (delays_s[first:last] for first, last in pairwise(edges))
    ]
    return Curves(
        hours=times_s / 3600,
        backlogs=np.array(tally.backlogs, dtype=float)[::stride],
        in_service=np.array(tally.in_service, dtype=float)[::stride],
        delays_s=np.array(delays),
    )
