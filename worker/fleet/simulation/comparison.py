"""Comparison: all policies of a scenario on the same documents, beside the cheapest static fleet."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from worker.fleet.simulation.assumptions import describe_assumptions
from worker.fleet.simulation.fluid_check import CHECKED_DOCUMENTS, FluidCheck, check_fluid
from worker.fleet.simulation.result import Result, simulate
from worker.fleet.simulation.scenarios.policy_settings import StaticSettings
from worker.fleet.simulation.scenarios.scenario import Scenario
from worker.fleet.simulation.workload import Workload, make_workload

CHEAPEST_STATIC = "cheapest static"
# Where the length of a run depends on the fleet, a larger one may be cheaper.
_LARGER = (1.25, 1.6, 2.0)
_WITHIN = 1.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The results in the scenario's order, and the cheapest static fleet that meets the target, if any."""

    scenario: Scenario
    results: tuple[Result, ...]
    static: Result | None
    assumptions: dict[str, str]
    fluid_check: FluidCheck | None

    @property
    def chosen(self) -> Result:
        """The policy that the scenario chose."""
        return next(result for result in self.results if result.policy == self.scenario.chosen)

    @property
    def ratio(self) -> float | None:
        """The cost of the chosen policy, in units of that of the cheapest static fleet."""
        if self.static is None or not self.static.costs.total:
            return None
        return self.chosen.costs.total / self.static.costs.total

    @property
    def instance_ratio(self) -> float | None:
        """The same for the instances alone, which are all that a policy decides."""
        if self.static is None or not self.static.costs.ec2:
            return None
        return self.chosen.costs.ec2 / self.static.costs.ec2

    @property
    def faults(self) -> list[str]:
        """What speaks against the chosen policy; nothing where it is right."""
        chosen, faults = self.chosen, []
        if not chosen.meets_target:
            faults.append("misses the delay target")
        # All other costs are the same for every policy, and would make any ratio look good.
        if self.instance_ratio is not None and self.instance_ratio > _WITHIN:
            faults.append(f"takes more than {_WITHIN:g} times the instances of the cheapest static fleet")
        if chosen.busy_killed:
            faults.append(f"kills {chosen.busy_killed} busy instances")
        return faults


def compare(scenario: Scenario, report: Callable[[str], None] = lambda _: None) -> Comparison:
    """Run every policy, find the cheapest static fleet, and check the fluid steps where there were some."""
    load = make_workload(scenario)
    results = []
    for settings in scenario.policies:
        report(f"{settings.label}: {len(load):,} documents")
        results.append(simulate(scenario, load, settings))
    static = _find_cheapest_static(scenario, load, report)
    assumptions = describe_assumptions(scenario, load)
    del load
    check = None
    if any(result.fluid_steps for result in results):
        report(f"fluid steps against exact runs of {CHECKED_DOCUMENTS:,} documents")
        check = check_fluid(scenario)
    return Comparison(
        scenario=scenario,
        results=tuple(results),
        static=static,
        assumptions=assumptions,
        fluid_check=check,
    )


def _find_cheapest_static(scenario: Scenario, load: Workload, report: Callable[[str], None]) -> Result | None:
    """The cheapest of the static fleets that meet the target: the smallest, or one that is done sooner."""
    most = scenario.max_static_instances
    if scenario.quotas.vcpus is not None:
        most = max(1, min(most, scenario.quotas.vcpus // scenario.instances.vcpus))

    def run(instances: int) -> Result:
        report(f"{instances} instances, day and night")
        settings = StaticSettings(kind="static", name=CHEAPEST_STATIC, instances=instances)
        return simulate(scenario, load, settings)

    size = _estimate_static(scenario, load, most)
    found = run(size)
    while not found.meets_target and size < most:
        size += 1
        found = run(size)
    if not found.meets_target:
        return None
    while size > 1 and (smaller := run(size - 1)).meets_target:
        found, size = smaller, size - 1
    if scenario.duration_days is None:
        sizes = {min(most, math.ceil(size * factor)) for factor in _LARGER} - {size}
        found = min((found, *map(run, sorted(sizes))), key=lambda result: result.costs.total)
    return found


def _estimate_static(scenario: Scenario, load: Workload, most: int) -> int:
    """The smallest fleet that meets the target, if its slots were one server and nothing interrupted it."""
    low, high = 1, most
    place = min(len(load) - 1, math.ceil(len(load) * scenario.target.percentile / 100) - 1)
    while low < high:
        middle = (low + high) // 2
        slots = middle * scenario.instances.vcpus
        surplus = load.work_until_s - slots * load.arrivals_s
        delays_s = (surplus - np.minimum.accumulate(surplus - load.work_s)) / slots
        if float(np.partition(delays_s, place)[place]) <= scenario.target.delay_s:
            high = middle
        else:
            low = middle + 1
    return low
