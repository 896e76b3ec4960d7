"""The policies of a scenario: each asks the production decisions with what it would see of the fleet."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from worker.fleet.decision import (
    Bounds,
    PageEstimate,
    StepPolicy,
    TargetTracking,
    WorkLoad,
    WorkPolicy,
)
from worker.fleet.simulation.scenarios.policy_settings import (
    PagesSettings,
    PolicySettings,
    StaticSettings,
    StepSettings,
    TargetTrackingSettings,
)
from worker.fleet.simulation.scenarios.scenario import Scenario

_REMEMBERED_MINUTES = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What SQS, the group and the workers' registry say at a minute.

    The last hour's documents, their pages and the squares of those, the slot seconds and images they took;
    `pages_lately` are those of the last ten minutes, a minute. `count_idle` counts the instances that are not
    protected from scale-in.
    """

    now_s: float
    waiting: int
    in_flight: int
    desired: int
    in_service: int
    documents: float
    pages: float
    squares: float
    work_s: float
    images: float
    pages_lately: float
    count_idle: Callable[[], int]


@dataclass(slots=True)
class _Cooldown:
    """What `cis-worker scale` keeps to: its cooldowns, and no instance that has documents in hand.

    A scale-out waits for the last scale-out, a scale-in for the last action of both kinds.
    """

    out_s: float
    in_s: float
    _out_at_s: float = -math.inf
    _in_at_s: float = -math.inf

    def apply(self, wanted: int, seen: Observation) -> int:
        """The capacity that is set."""
        now = seen.now_s
        if wanted > seen.desired and now - self._out_at_s >= self.out_s:
            self._out_at_s = now
            return wanted
        if wanted < seen.desired and now - max(self._out_at_s, self._in_at_s) >= self.in_s:
            spared = max(wanted, seen.desired - seen.count_idle())
            if spared < seen.desired:
                self._in_at_s = now
            return spared
        return seen.desired


class Policy(Protocol):
    """Is asked every minute."""

    def decide(self, seen: Observation) -> int:
        """The capacity for now."""


def make_policy(settings: PolicySettings, scenario: Scenario) -> Policy:
    """The policy of these settings."""
    match settings:
        case StaticSettings():
            return _Static(settings.instances)
        case StepSettings():
            return _Step(settings)
        case TargetTrackingSettings():
            return _TargetTracking(settings)
        case PagesSettings():
            return _Pages(settings, scenario)


@dataclass(frozen=True, slots=True)
class _Static:
    instances: int

    def decide(self, seen: Observation) -> int:
        del seen
        return self.instances


class _Step:
    """The step policy of ScalingManager, which `cis-worker scale` runs with its cooldowns."""

    def __init__(self, settings: StepSettings) -> None:
        self._policy = StepPolicy(
            bounds=Bounds(minimum=settings.min_capacity, maximum=settings.max_capacity),
            scale_out_threshold=settings.scale_out_threshold,
            scale_in_threshold=settings.scale_in_threshold,
            messages_per_instance=settings.messages_per_instance,
            scale_out_increment=settings.scale_out_increment,
            sustained_minutes=settings.sustained_minutes,
        )
        self._backlogs: deque[int] = deque(maxlen=_REMEMBERED_MINUTES)
        self._cooldown = _Cooldown(settings.cooldown_s, settings.scale_in_cooldown_s)

    def decide(self, seen: Observation) -> int:
        self._backlogs.append(seen.waiting + seen.in_flight)
        decision = self._policy.decide(
            waiting=seen.waiting, current=seen.desired, backlogs=list(self._backlogs)
        )
        return self._cooldown.apply(decision.desired_capacity, seen)


class _TargetTracking:
    """A native policy on the messages of an instance, as CloudWatch would have it."""

    def __init__(self, settings: TargetTrackingSettings) -> None:
        bounds = Bounds(minimum=settings.min_capacity, maximum=settings.max_capacity)
        self._policy = TargetTracking(target=settings.backlog_per_instance, bounds=bounds)
        self._metrics: deque[float] = deque(maxlen=_REMEMBERED_MINUTES)

    def decide(self, seen: Observation) -> int:
        if seen.in_service:
            self._metrics.append((seen.waiting + seen.in_flight) / seen.in_service)
        return self._policy.decide(
            metrics=list(self._metrics), current=seen.desired, waiting=seen.waiting
        ).desired_capacity


class _Pages:
    """The work policy, with the mean pages of the last hour and what an instance does of them."""

    def __init__(self, settings: PagesSettings, scenario: Scenario) -> None:
        self._settings = settings
        self._scenario = scenario
        self._holds: deque[int] = deque(maxlen=_REMEMBERED_MINUTES)
        self._cooldown = _Cooldown(settings.cooldown_s, settings.scale_in_cooldown_s)

    def decide(self, seen: Observation) -> int:
        settings = self._settings
        images_per_page = seen.images / seen.pages if seen.pages else 0.0
        quota = self._scenario.quotas.images_per_minute
        policy = WorkPolicy(
            bounds=Bounds(minimum=settings.min_capacity, maximum=settings.max_capacity),
            acceptable_delay_s=settings.acceptable_delay_s,
            boot_s=self._scenario.instances.boot_s,
            sustained_minutes=settings.sustained_minutes,
            tolerance=settings.tolerance,
            max_utilisation=settings.max_utilisation,
            deviations=settings.deviations,
            slots_per_instance=self._scenario.instances.vcpus,
            quota_pages_per_minute=quota / images_per_page if quota and images_per_page else None,
        )
        decision = policy.decide(self._load(seen), current=seen.desired, holds=list(self._holds))
        self._holds.append(decision.hold)
        return self._cooldown.apply(decision.desired_capacity, seen)

    def _load(self, seen: Observation) -> WorkLoad:
        settings = self._settings
        assumed = PageEstimate(mean=settings.assumed_pages, deviation=settings.assumed_pages)
        rate = settings.assumed_pages_per_minute
        if seen.work_s > 0:
            rate = seen.pages / seen.work_s * 60 * self._scenario.instances.vcpus
        return WorkLoad(
            waiting=seen.waiting,
            in_flight=seen.in_flight,
            pages=assumed.refine(seen.documents, seen.pages, squares=seen.squares),
            instance_pages_per_minute=rate,
            fleet_pages_per_minute=seen.pages_lately,
        )
