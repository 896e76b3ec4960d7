"""Group: the simulated Auto Scaling group, its instances, their boots, interruptions and hours."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from worker.fleet.simulation.scenarios.scenario import Instances

NOTICE_S = 120.0
"""Between the notice of a Spot interruption and its end."""


class EventKind(IntEnum):
    """What happens to an instance."""

    READY = 0
    INTERRUPTED = 1


@dataclass(kw_only=True, eq=False, slots=True)
class Machine:
    """One instance. `gone_s` is when its bill ends; `has_notice` says how an interruption would come."""

    number: int
    is_spot: bool
    launched_s: float
    ready_s: float
    has_notice: bool = True
    gone_s: float = math.inf
    is_ready: bool = False
    is_leaving: bool = False


@dataclass(kw_only=True, eq=False, slots=True)
class Group:
    """Launches and ends instances. `most` is what bounds and quota allow, `desired` what the policy wants."""

    settings: Instances
    most: int
    random: np.random.RandomState
    desired: int = 0
    alive: dict[int, Machine] = field(default_factory=dict)
    _all: list[Machine] = field(default_factory=list)
    _events: list[tuple[float, int, EventKind]] = field(default_factory=list)

    def events(self, until_s: float) -> Iterator[tuple[float, Machine, EventKind]]:
        """What happens until a time, in order; what follows from it, too. Those that left are passed over."""
        while self._events and self._events[0][0] <= until_s:
            time_s, number, kind = heapq.heappop(self._events)
            machine = self._all[number]
            if not machine.is_leaving:
                yield time_s, machine, kind

    def ready(self) -> list[Machine]:
        """The instances that work."""
        return [machine for machine in self.alive.values() if machine.is_ready]

    def launch_missing(self, now: float) -> None:
        """Launch up to the desired capacity."""
        settings = self.settings
        on_demand = sum(not machine.is_spot for machine in self.alive.values())
        while len(self.alive) < min(self.desired, self.most):
            # The same number of draws for each: whatever a policy does, the n-th launch has the same fate.
            boot, notice = self.random.random_sample(2)
            life = self.random.exponential()
            boot_s = settings.boot_s + settings.boot_spread_s * boot
            machine = Machine(
                number=len(self._all),
                is_spot=on_demand >= settings.on_demand_base,
                launched_s=now,
                ready_s=now + boot_s,
                has_notice=bool(notice >= settings.without_notice),
            )
            on_demand += not machine.is_spot
            self._all.append(machine)
            self.alive[machine.number] = machine
            heapq.heappush(self._events, (machine.ready_s, machine.number, EventKind.READY))
            if machine.is_spot and settings.interruptions_per_hour > 0:
                life_s = life * 3600 / settings.interruptions_per_hour
                heapq.heappush(self._events, (now + life_s, machine.number, EventKind.INTERRUPTED))

    def end(self, machine: Machine, *, gone_s: float) -> None:
        """Take an instance out of the group; it is paid for until `gone_s`."""
        machine.is_leaving = True
        machine.gone_s = gone_s
        del self.alive[machine.number]

    def hours(self, until_s: float) -> tuple[float, float]:
        """Instance hours until a time: Spot, on demand."""
        hours = [0.0, 0.0]
        for machine in self._all:
            hours[not machine.is_spot] += max(0.0, min(machine.gone_s, until_s) - machine.launched_s) / 3600
        return hours[0], hours[1]
