"""ScalingManager: scales the workers' Auto Scaling group by what waits in their queue.

What is right is decided in `decision`; here it is asked of AWS and done there, by one run at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from worker.aws.autoscaling import GroupSize
from worker.aws.queue_manager import QueueDepth
from worker.fleet import termination
from worker.fleet.decision import (
    Action,
    Bounds,
    Decision,
    PageEstimate,
    StepPolicy,
    WorkLoad,
    is_sustained_low,
)
from worker.fleet.fleet_work import FleetWork, summarise
from worker.fleet.scaling_action import ScalingAction, ScalingResult, within
from worker.fleet.scaling_services import ScalingServices
from worker.fleet.scaling_state import Sample, ScalingState
from worker.fleet.work_plan import WorkPlan

__all__ = ["ScalingEvaluation", "ScalingManager", "ScalingResult"]

Instance = TypeVar("Instance")

_OLDEST = "OldestInstance"
_NOT_OLDEST = (
    f"The group takes instances by {{}}, not the oldest first: set its termination policy {_OLDEST}."
)
_ASSUMED = "No worker is registered: pages a document and pages a minute are those assumed or reported last."


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingEvaluation:
    """What should be done, and why. `current_queue_depth` is what waits: visible and delayed messages.

    `workers` are registered and alive (None: not known). `pages` a document and `instance_pages_per_minute`
    are what a policy by work counted with.
    """

    group: str
    action: Action
    current_queue_depth: int
    in_flight: int
    current_capacity: int
    desired_capacity: int
    reason: str
    workers: int | None = None
    pages: PageEstimate | None = None
    instance_pages_per_minute: float | None = None
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> object:
        """A value by its name, for callers that expect a mapping."""
        return getattr(self, name)


class ScalingManager:
    """Scales by messages in steps, or with `work` by pages. Without names, group and queue are those set.

    Nothing is read and no client made before the first call that needs it. Calls raise UnavailableError or
    ThrottledError when AWS is unavailable, MisconfiguredError where something is missing or forbidden, and
    actions also where the group has a scaling policy of its own. `now` is seconds since 1970.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - bound by name, and each has a default
        self,
        asg_name: str | None = None,
        queue_url: str | None = None,
        scale_out_threshold: int = 10,
        scale_in_threshold: int = 2,
        messages_per_instance: int = 10,
        scale_out_increment: int = 2,
        cooldown_seconds: float = 300,
        scale_in_cooldown: float = 300,
        min_capacity: int = 1,
        max_capacity: int = 10,
        sustained_minutes: int = 5,
        *,
        work: WorkPlan | None = None,
        services: ScalingServices | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._steps = StepPolicy(
            bounds=Bounds(minimum=min_capacity, maximum=max_capacity),
            scale_out_threshold=scale_out_threshold,
            scale_in_threshold=scale_in_threshold,
            messages_per_instance=messages_per_instance,
            scale_out_increment=scale_out_increment,
            sustained_minutes=sustained_minutes,
        )
        self._work = work
        self._services = services or ScalingServices(asg_name=asg_name, queue_url=queue_url)
        self._now = now
        self._action = ScalingAction(
            services=self._services,
            bounds=self._steps.bounds,
            cooldowns_s={Action.SCALE_OUT: cooldown_seconds, Action.SCALE_IN: scale_in_cooldown},
            now=now,
        )

    def evaluate_scaling(self, *, record: bool = True) -> ScalingEvaluation:
        """What should be done now, without doing it.

        The sample of this minute is recorded, as scaling in needs those of some minutes; not with `record`
        False.
        """
        size, depth = self._services.group.read(), self._services.queue.depth()
        work = self._read_work(size)
        seen = self._services.row.read()
        state, decision, load = self._decide(size, depth, ScalingState.from_json(seen.content), work)
        decision = _spare_busy(decision, size, work, self._steps.bounds)
        if record:
            # Where another run wrote meanwhile, it has recorded this minute.
            self._services.row.write(state.to_json(), seen=seen, note=decision.reason)
        return ScalingEvaluation(
            group=self._services.group_name,
            action=decision.action,
            current_queue_depth=depth.visible + depth.delayed,
            in_flight=depth.in_flight,
            current_capacity=size.desired,
            desired_capacity=decision.desired_capacity,
            reason=decision.reason,
            workers=None if work is None else work.workers,
            pages=load.pages if load else None,
            instance_pages_per_minute=load.instance_pages_per_minute if load else None,
            warnings=tuple(_warnings(size, is_assuming=load is not None and work is None)),
        )

    def apply(self, evaluation: ScalingEvaluation) -> ScalingResult:
        """Do what an evaluation says."""
        if evaluation.action is Action.NONE:
            return ScalingResult(
                status="UNCHANGED", message=evaluation.reason, desired_capacity=evaluation.current_capacity
            )
        return self._action.act(evaluation.action, evaluation.desired_capacity)

    def trigger_scale_out(self, desired_capacity: int) -> ScalingResult:
        """Have the group grow to this capacity, within the bounds, unless the last scale-out is recent."""
        return self._action.act(Action.SCALE_OUT, desired_capacity)

    def trigger_scale_in(self, desired_capacity: int) -> ScalingResult:
        """Have the group shrink to this capacity, within the bounds, unless the last action is recent."""
        return self._action.act(Action.SCALE_IN, desired_capacity)

    def calculate_required_instances(self, queue_depth: int) -> int:
        """The instances for so many messages, rounded up, within the bounds."""
        return self._steps.required_instances(queue_depth)

    def calculate_scale_out_capacity(self, current: int, target: int) -> int:
        """The next step from `current` to `target`, within the bounds."""
        return self._steps.bounds.clamp(self._steps.scale_out_capacity(current, target))

    def calculate_scale_in_capacity(self, current: int, min_capacity: int | None = None) -> int:
        """One instance fewer, never fewer than the minimum."""
        return self._steps.scale_in_capacity(current, min_capacity)

    def evaluate_scale_in(
        self,
        queue_depth_history: Sequence[int],
        threshold: int | None = None,
        sustained_minutes: int | None = None,
    ) -> bool:
        """Whether the depth, a sample a minute, the newest last, was not over the threshold for so long."""
        return is_sustained_low(
            queue_depth_history,
            threshold=self._steps.scale_in_threshold if threshold is None else threshold,
            minutes=self._steps.sustained_minutes if sustained_minutes is None else sustained_minutes,
        )

    def get_termination_order(self, instances: Iterable[Instance]) -> list[Instance]:
        """The instances by their `launch_time` (or LaunchTime), oldest first."""
        return termination.termination_order(instances)

    def get_safe_termination_candidates(self, instances: Iterable[Instance]) -> list[Instance]:
        """The instances that may go: none with `processing_messages`, none protected; oldest first."""
        return termination.safe_candidates(instances)

    def require_no_native_policy(self) -> None:
        """Raise MisconfiguredError where the group scales itself: two masters undo each other's changes."""
        self._action.require_no_native_policy()

    def _read_work(self, size: GroupSize) -> FleetWork | None:
        rows = self._services.workers()
        slots = self._work.policy.slots_per_instance if self._work else 1
        work = summarise(
            rows or (),
            group=self._services.group_name,
            members=frozenset(member.instance_id for member in size.members),
            slots_per_instance=slots,
            now=self._now(),
        )
        # Instances whose workers do not register are no idle ones.
        return work if work.workers else None

    def _decide(
        self, size: GroupSize, depth: QueueDepth, state: ScalingState, work: FleetWork | None
    ) -> tuple[ScalingState, Decision, WorkLoad | None]:
        """The state with the sample of this minute, the decision, and the work it is for (None: messages)."""
        minute, waiting = int(self._now() // 60), depth.visible + depth.delayed
        bounds = within(self._steps.bounds, size.minimum, size.maximum)
        sample = Sample(minute=minute, backlog=waiting + depth.in_flight)
        if self._work is None:
            state = state.remember(sample)
            backlogs = [each.backlog for each in state.history(minute)]
            steps = replace(self._steps, bounds=bounds)
            return state, steps.decide(waiting=waiting, current=size.desired, backlogs=backlogs), None
        state = self._work.learn(state, work)
        load = self._work.load(depth, state, work, minute=minute)
        policy = replace(self._work.policy_for(load), bounds=bounds)
        holds = [each.hold for each in state.history(minute) if each.minute < minute]
        decision = policy.decide(load, current=size.desired, holds=holds)
        reported = None if work is None else work.pages_per_minute
        sample = replace(sample, hold=decision.hold, pages_per_minute=reported)
        return state.remember(sample), decision, load


def _spare_busy(decision: Decision, size: GroupSize, work: FleetWork | None, bounds: Bounds) -> Decision:
    """Take no more instances than have nothing in hand; above the maximum the group itself waits for them."""
    if decision.action is not Action.SCALE_IN or size.desired > bounds.maximum:
        return decision
    idle = termination.count_idle(size, work.busy_instances if work else frozenset())
    least = size.desired - idle
    if decision.desired_capacity >= least:
        return decision
    return replace(
        decision,
        action=Action.SCALE_IN if idle else Action.NONE,
        desired_capacity=least,
        reason=f"{decision.reason[:-1]}; only {idle} of {size.desired} have no documents in hand.",
    )


def _warnings(size: GroupSize, *, is_assuming: bool) -> Iterator[str]:
    if _OLDEST not in size.termination_policies:
        yield _NOT_OLDEST.format(", ".join(size.termination_policies) or "Default")
    # An empty fleet has no workers, and an instance that boots has none yet.
    if is_assuming and any(member.is_in_service for member in size.members):
        yield _ASSUMED
