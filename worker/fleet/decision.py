"""How many instances a backlog needs: pure decisions, shared by ScalingManager and the simulator.

    StepPolicy       by messages: at most an increment out, one in after a sustained low
    WorkPolicy       by pages: what is left, done within the acceptable delay; within the quota of Bedrock
    TargetTracking   what a native target tracking policy on the backlog per instance would do

Histories have a sample a minute, the newest (now) last. "Waiting" is what SQS has visible and delayed; the
"backlog" is that and what is in flight: a fleet that has everything in hand is not idle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from worker.errors import MisconfiguredError


class Action(StrEnum):
    """What is to be done with the capacity of the group."""

    SCALE_OUT = "SCALE_OUT"
    SCALE_IN = "SCALE_IN"
    NONE = "NONE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The capacity that is right now, and why.

    `hold` is what the work policy would not go below now: the next decisions take it in their `holds`.
    """

    action: Action
    desired_capacity: int
    reason: str
    hold: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The fewest and the most instances. Raises MisconfiguredError unless 0 <= minimum <= maximum."""

    minimum: int = 1
    maximum: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.minimum <= self.maximum:
            raise MisconfiguredError(
                f"The capacity must be between 0 and the maximum, not {self.minimum} to {self.maximum}: "
                "choose 0 <= minimum <= maximum."
            )

    def clamp(self, capacity: int) -> int:
        """The nearest capacity within the bounds."""
        return max(self.minimum, min(capacity, self.maximum))


def _decide(current: int, desired: int, reason: str, *, hold: int = 0) -> Decision:
    action = Action.SCALE_OUT if desired > current else Action.SCALE_IN if desired < current else Action.NONE
    return Decision(action=action, desired_capacity=desired, reason=reason, hold=hold)


def is_sustained_low(depths: Sequence[int], *, threshold: int, minutes: int) -> bool:
    """Whether none of the last `minutes` samples is over the threshold; False where there are fewer."""
    last = depths[-max(minutes, 1) :]
    return len(last) >= max(minutes, 1) and max(last) <= threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class StepPolicy:
    """Scales by the number of messages, in steps."""

    bounds: Bounds = field(default_factory=Bounds)
    scale_out_threshold: int = 10
    scale_in_threshold: int = 2
    messages_per_instance: int = 10
    scale_out_increment: int = 2
    sustained_minutes: int = 5

    def required_instances(self, depth: int) -> int:
        """The instances for so many messages, rounded up, within the bounds."""
        return self.bounds.clamp(math.ceil(depth / self.messages_per_instance))

    def scale_out_capacity(self, current: int, target: int) -> int:
        """The next step from `current` to `target`: never fewer than now, nor more than the maximum."""
        return max(current, min(target, current + self.scale_out_increment, self.bounds.maximum))

    def scale_in_capacity(self, current: int, minimum: int | None = None) -> int:
        """One instance fewer, never fewer than the minimum."""
        return max(current - 1, self.bounds.minimum if minimum is None else minimum)

    def decide(self, *, waiting: int, current: int, backlogs: Sequence[int] = ()) -> Decision:
        """The capacity for now; `backlogs` are the samples of waiting and in flight together."""
        within = self.bounds.clamp(current)
        if within != current:
            return _decide(current, within, f"The capacity of {current} is outside of the bounds.")
        if waiting > self.scale_out_threshold:
            step = self.scale_out_capacity(current, max(self.required_instances(waiting), current + 1))
            more = f"{waiting} messages wait, more than {self.scale_out_threshold}"
            return _decide(current, step, f"{more}." if step > current else f"{more}: at the maximum.")
        if current == 0 and waiting > 0 and self.bounds.maximum > 0:
            return _decide(current, 1, f"{waiting} messages wait and no instance runs.")
        fewer = self.scale_in_capacity(current)
        # The last instance goes only when nothing is left, or the message that is left would bring it back.
        low = self.scale_in_threshold if fewer > 0 else 0
        if fewer < current and is_sustained_low(backlogs, threshold=low, minutes=self.sustained_minutes):
            return _decide(
                current, fewer, f"At most {low} messages were there for {self.sustained_minutes} minutes."
            )
        return _decide(current, current, f"{waiting} messages wait: nothing to change.")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageEstimate:
    """Pages a document: mean and standard deviation, as known from so many documents."""

    mean: float
    deviation: float
    documents: float = 20.0

    def pages(self, documents: float, *, deviations: float = 0.0) -> float:
        """The pages of so many documents, plus so many standard deviations of that forecast."""
        # The sum varies by itself, and the mean is known from a sample only.
        variance = documents * (1 + documents / max(self.documents, 1.0))
        return documents * self.mean + deviations * self.deviation * math.sqrt(variance)

    def refine(self, documents: float, pages: float, *, squares: float | None = None) -> PageEstimate:
        """This estimate with what was seen since, in which each of its own documents counts as one.

        `squares` is the sum of the squares of the page counts; without it the relative spread stays.
        """
        total = self.documents + documents
        if documents <= 0 or total <= 0:
            return self
        mean = (self.documents * self.mean + pages) / total
        deviation = self.deviation * (mean / self.mean if self.mean > 0 else 1.0)
        if squares is not None:
            own = self.documents * (self.deviation**2 + self.mean**2)
            deviation = math.sqrt(max(0.0, (own + squares) / total - mean**2))
        return PageEstimate(mean=mean, deviation=deviation, documents=total)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkLoad:
    """What there is to do, and how fast it is done.

    `pages_in_hand` are those left of the messages in flight (None: as many as their documents have by the
    estimate), `fleet_pages_per_minute` what all workers do lately (None: not known), and
    `instance_pages_per_minute` what one instance does while it has enough.
    """

    waiting: int
    in_flight: int
    pages: PageEstimate
    instance_pages_per_minute: float
    pages_in_hand: float | None = None
    fleet_pages_per_minute: float | None = None

    def pages_left(self, *, deviations: float = 0.0) -> float:
        """The pages of the whole backlog."""
        if self.pages_in_hand is None:
            return self.pages.pages(self.waiting + self.in_flight, deviations=deviations)
        return self.pages.pages(self.waiting, deviations=deviations) + self.pages_in_hand


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkPolicy:
    """Scales by pages: out at once to what is needed, in after a while to what was needed lately.

    What is left must be done within the acceptable delay, of which a new instance needs `boot_s`. Scaling in
    keeps what the present throughput needs at `max_utilisation`: without that floor every steady input
    between two capacities would oscillate, as an empty queue does not show what keeps it empty.
    `quota_pages_per_minute` is what the quota of Bedrock allows the whole fleet.
    """

    bounds: Bounds = field(default_factory=Bounds)
    acceptable_delay_s: float = 900.0
    boot_s: float = 180.0
    sustained_minutes: int = 5
    tolerance: float = 0.1
    max_utilisation: float = 0.95
    deviations: float = 1.0
    slots_per_instance: int = 2
    quota_pages_per_minute: float | None = None

    def limit(self, instance_pages_per_minute: float) -> int:
        """The most instances that the maximum and the quota allow; the minimum, or one, come first."""
        if self.quota_pages_per_minute is None:
            return self.bounds.maximum
        within_quota = math.floor(self.quota_pages_per_minute / instance_pages_per_minute)
        least = max(self.bounds.minimum, min(1, self.bounds.maximum))
        return max(least, min(within_quota, self.bounds.maximum))

    def instances_for(self, load: WorkLoad, *, margin: float = 0.0) -> int:
        """The instances that do what is left, and `margin` of it more, in time; 0 only for nothing."""
        # Of a delay shorter than two boots half is for work: the fleet would grow beyond all measure.
        seconds = max(self.acceptable_delay_s - self.boot_s, self.acceptable_delay_s / 2)
        pages = load.pages_left(deviations=self.deviations) * (1 + margin)
        needed = math.ceil(pages / (load.instance_pages_per_minute * seconds / 60))
        # A document counts even where it is thought to have no pages.
        return max(needed, min(1, load.waiting + load.in_flight))

    def sustaining(self, load: WorkLoad) -> int:
        """The instances that the present throughput needs, so that no backlog builds up after a scale-in."""
        if load.fleet_pages_per_minute is not None:
            busy = load.fleet_pages_per_minute / load.instance_pages_per_minute
        else:
            # Little's law: what is in the fleet, over what an instance has in work at a time.
            busy = load.in_flight / self.slots_per_instance
        return math.ceil(busy / self.max_utilisation)

    def decide(self, load: WorkLoad, *, current: int, holds: Sequence[int] = ()) -> Decision:
        """The capacity for now; `holds` are those of the decisions of the minutes before, without now."""
        limit = self.limit(load.instance_pages_per_minute)
        needed = self.instances_for(load)
        is_idle = load.waiting + load.in_flight == 0
        hold = 0 if is_idle else max(self.instances_for(load, margin=self.tolerance), self.sustaining(load))
        lately = [*holds, hold][-max(self.sustained_minutes, 1) :]
        is_sustained = len(lately) >= self.sustained_minutes
        floor = min(current, max(lately)) if is_sustained else current
        wanted = max(needed, floor)
        desired = max(self.bounds.minimum, min(wanted, limit))
        reason = (
            f"{load.waiting + load.in_flight} messages, about {load.pages_left():.0f} pages, need "
            f"{needed} instances for a delay of {self.acceptable_delay_s:.0f} s"
        )
        if wanted > limit:
            reason += f"; {limit} are allowed (maximum or quota)"
        elif desired == current > needed:
            reason += f"; lately {max(lately)}" if is_sustained else "; no scale-in without a history"
        return _decide(current, desired, f"{reason}.", hold=hold)


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetTracking:
    """The arithmetic of a native policy: it keeps a metric per instance at `target`.

    Out after `out_minutes` over the target, in after `in_minutes` below nine tenths of it, each in proportion
    to the metric, as the two alarms that AWS makes for such a policy do.
    """

    target: float
    bounds: Bounds = field(default_factory=Bounds)
    out_minutes: int = 3
    in_minutes: int = 15
    scale_in_fraction: float = 0.9

    def decide(self, *, metrics: Sequence[float], current: int, waiting: int = 0) -> Decision:
        """The capacity for now. `waiting` starts the first instance: nothing divided by none is no metric."""
        if current == 0:
            desired = self.bounds.clamp(min(1, waiting))
            return _decide(current, desired, f"{waiting} messages wait and no instance runs.")
        desired = current
        last = metrics[-1] if metrics else 0.0
        in_proportion = math.ceil(current * last / self.target)
        if _holds_for(metrics, self.out_minutes, low=self.target):
            desired = max(current, in_proportion)
        elif _holds_for(metrics, self.in_minutes, high=self.scale_in_fraction * self.target):
            desired = min(current, in_proportion)
        reason = f"{last:.1f} an instance, the target is {self.target:.1f}."
        return _decide(current, self.bounds.clamp(desired), reason)


def _holds_for(
    metrics: Sequence[float], minutes: int, *, low: float = -math.inf, high: float = math.inf
) -> bool:
    samples = metrics[-minutes:]
    return len(samples) >= minutes and all(low < sample < high for sample in samples)
