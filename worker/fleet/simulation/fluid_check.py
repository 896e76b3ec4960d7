"""The check of the fluid steps: the same documents with them, and shard by shard."""

from __future__ import annotations

import math
from dataclasses import dataclass

from worker.fleet.simulation.result import Result, simulate
from worker.fleet.simulation.scenarios.policy_settings import PagesSettings
from worker.fleet.simulation.scenarios.scenario import Backfill, Scenario
from worker.fleet.simulation.service import FLUID_ABOVE
from worker.fleet.simulation.workload import make_workload

CHECKED_DOCUMENTS = FLUID_ABOVE
ALLOWED_DIFFERENCE = 0.02
# The fluid run becomes exact only where so small a part of the documents is left.
_EXACT_PART = 20
_LEAST_DELAY_S = 10_800.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FluidCheck:
    """Every policy on a backfill of so many documents: what differs, relative to the exact run."""

    documents: int
    differences: dict[str, dict[str, float]]
    """Policy -> figure -> difference."""

    @property
    def largest(self) -> float:
        """The largest of all differences."""
        return max((each for figures in self.differences.values() for each in figures.values()), default=0.0)


def check_fluid(scenario: Scenario, documents: int = CHECKED_DOCUMENTS) -> FluidCheck | None:
    """Compare both on the scenario's backfill cut to so many documents; None where it has none.

    A fluid step needs a queue: these documents come at once, and a policy that counts on days has its time
    cut by as much as the backfill, so that its fleet is as large as it would be.
    """
    backfills = [each for each in scenario.arrivals if isinstance(each, Backfill)]
    if not backfills:
        return None
    whole = sum(each.documents for each in backfills)
    part = min(1.0, documents / whole)
    at_once = backfills[0].model_copy(
        update={"documents": documents, "start_hour": 0.0, "documents_per_s": float(documents)}
    )
    smaller = scenario.model_copy(update={"arrivals": (at_once,), "duration_days": None})
    load = make_workload(smaller)
    differences = {}
    for policy in scenario.policies:
        settings = policy
        if isinstance(policy, PagesSettings):
            delay_s = max(_LEAST_DELAY_S, policy.acceptable_delay_s * part)
            settings = policy.model_copy(update={"acceptable_delay_s": delay_s})
        exact = simulate(smaller, load, settings, fluid_above=documents)
        fluid = simulate(smaller, load, settings, fluid_above=documents // _EXACT_PART)
        differences[settings.label] = _differences(exact, fluid)
    return FluidCheck(documents=documents, differences=differences)


def _differences(exact: Result, fluid: Result) -> dict[str, float]:
    pairs = {
        "time to drain": (exact.drained_s, fluid.drained_s),
        "p50 delay": (exact.delay_p50_s, fluid.delay_p50_s),
        "p95 delay": (exact.delay_p95_s, fluid.delay_p95_s),
        # Below the threshold both are exact, and one document may decide whether a fleet waits five minutes
        # more before it shrinks.
        "instance hours until then": (exact.hours_to_drain, fluid.hours_to_drain),
        "cost": (exact.costs.total, fluid.costs.total),
    }
    return {
        name: abs(there - here) / here
        for name, (here, there) in pairs.items()
        if here and there and math.isfinite(here) and math.isfinite(there)
    }
