"""A fleet as a fluid: pages flow in, each running instance does its share, a policy decides each minute."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from worker.fleet.decision import Decision, PageEstimate, WorkLoad, WorkPolicy

Decide = Callable[["FluidFleet"], Decision]


@dataclass(kw_only=True)
class FluidFleet:
    """One minute a step. New instances work after `boot_minutes`; those that go, go at once."""

    pages_a_document: float = 5.0
    instance_pages_per_minute: float = 50.0
    boot_minutes: int = 3
    capacity: int = 0
    backlog_pages: float = 0.0
    capacities: list[int] = field(default_factory=list)
    """The desired capacity after each minute's decision."""
    delays_minutes: list[float] = field(default_factory=list)
    """How long the backlog of each minute would take the instances that run."""
    _done_pages: float = 0.0

    @property
    def running(self) -> int:
        """What was desired long enough ago to have booted, and still is."""
        return min(
            [*self.capacities[-self.boot_minutes :], self.capacity] if self.boot_minutes else [self.capacity]
        )

    def load(self) -> WorkLoad:
        """What a policy is shown."""
        documents = math.ceil(self.backlog_pages / self.pages_a_document)
        in_flight = min(documents, 6 * self.running)
        return WorkLoad(
            waiting=documents - in_flight,
            in_flight=in_flight,
            pages=PageEstimate(mean=self.pages_a_document, deviation=self.pages_a_document),
            instance_pages_per_minute=self.instance_pages_per_minute,
            fleet_pages_per_minute=self._done_pages,
        )

    def run(self, policy: WorkPolicy, pages_a_minute: Iterable[float]) -> None:
        """Let a policy decide each minute of this input."""
        holds: list[int] = []
        for pages in pages_a_minute:
            self.backlog_pages += pages
            self._done_pages = min(self.backlog_pages, self.running * self.instance_pages_per_minute)
            self.delays_minutes.append(
                self.backlog_pages / max(self.running * self.instance_pages_per_minute, 1e-9)
            )
            decision = policy.decide(self.load(), current=self.capacity, holds=holds)
            self.backlog_pages -= self._done_pages
            holds.append(decision.hold)
            self.capacity = decision.desired_capacity
            self.capacities.append(self.capacity)


def reversals(capacities: Iterable[int]) -> int:
    """How often the capacity turned from growing to shrinking, or back."""
    turns, last, direction = 0, None, 0
    for capacity in capacities:
        if last is not None and capacity != last:
            now = 1 if capacity > last else -1
            turns += direction not in (0, now)
            direction = now
        last = capacity
    return turns
