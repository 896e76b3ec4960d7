"""SimulatedRun: one policy, one workload, minute by minute."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from worker.fleet.simulation.group import NOTICE_S, EventKind, Group, Machine
from worker.fleet.simulation.policies import Observation, make_policy
from worker.fleet.simulation.scenarios.policy_settings import PolicySettings, StaticSettings
from worker.fleet.simulation.scenarios.scenario import Scenario
from worker.fleet.simulation.service import FLUID_ABOVE, Service
from worker.fleet.simulation.slots import Running, Shard
from worker.fleet.simulation.workload import Workload

MINUTE_S = 60.0
_DAY_S = 86_400.0
_LATELY_MINUTES = 10
# As the worker does it: what it has in hand may end until 30 s before the end of its 110 s.
_FINISH_S = 80.0
_CHECKPOINT_S = 30.0
_VISIBILITY_S = 120.0
# A fleet that nothing is left for is watched for so long while it shrinks.
_SHRINKING_S = 7_200.0


@dataclass(slots=True)
class _Batch:
    """What was begun in a minute."""

    documents: float = 0.0
    pages: float = 0.0
    squares: float = 0.0
    work_s: float = 0.0
    images: float = 0.0


@dataclass(kw_only=True, slots=True)
class Tally:
    """What happened in a run, minute by minute in the lists."""

    interruptions: int = 0
    pages_repeated: float = 0.0
    busy_killed: int = 0
    vectors_pending: float = 0.0
    most_vectors_pending: float = 0.0
    times_s: list[float] = field(default_factory=list)
    backlogs: list[int] = field(default_factory=list)
    desired: list[int] = field(default_factory=list)
    in_service: list[int] = field(default_factory=list)


class SimulatedRun:
    """Runs to its end: `run`, then `service`, `group` and `tally` have what happened."""

    def __init__(
        self, scenario: Scenario, load: Workload, settings: PolicySettings, *, fluid_above: int = FLUID_ABOVE
    ) -> None:
        self.scenario = scenario
        self.settings = settings
        self.tally = Tally()
        # Apart, so that the same instances are interrupted whatever else is drawn.
        launches, self._random, in_flow = (np.random.RandomState(scenario.seed + 1 + n) for n in range(3))
        vcpus, quota = scenario.instances.vcpus, scenario.quotas.vcpus
        self._most = settings.instances if isinstance(settings, StaticSettings) else settings.max_capacity
        self._least = settings.instances if isinstance(settings, StaticSettings) else settings.min_capacity
        most = self._most if quota is None else min(self._most, quota // vcpus)
        self.group = Group(settings=scenario.instances, most=most, random=launches)
        self.service = Service(load=load, per_instance=vcpus, random=in_flow, fluid_above=fluid_above)
        self._policy = make_policy(settings, scenario)
        self._images = np.array([kind.images for kind in scenario.documents], dtype=float)
        self._seen = 0
        self._hour: deque[_Batch] = deque(maxlen=60)
        self._done_s: float | None = None

    def run(self) -> SimulatedRun:
        """Simulate until all is done and the time is over, or the limit is reached."""
        self.group.desired = self._least
        self.group.launch_missing(0.0)
        now, limit_s = 0.0, self.scenario.limit_days * _DAY_S
        while now < limit_s and not self._is_over(now):
            now += MINUTE_S
            for time_s, machine, kind in self.group.events(now):
                self.service.serve(time_s)
                self._handle(machine, kind, time_s)
            self.service.serve(now)
            self._tick(now)
        return self

    @property
    def end_s(self) -> float:
        """How long the run was."""
        return self.service.now_s

    def _is_over(self, now: float) -> bool:
        if not self.service.is_done:
            return False
        if self._done_s is None:
            self._done_s = now
        if self.scenario.duration_days is not None:
            return now >= self.scenario.duration_days * _DAY_S
        # A static fleet is ended by hand; the others are paid for while they shrink.
        return (
            len(self.group.alive) <= self._least
            or now >= self._done_s + _SHRINKING_S
            or isinstance(self.settings, StaticSettings)
        )

    def _handle(self, machine: Machine, kind: EventKind, now: float) -> None:
        if kind is EventKind.READY:
            machine.is_ready = True
            self.service.add(machine.number)
            return
        self.tally.interruptions += 1
        self._end(machine, now, has_notice=machine.has_notice)
        # With capacity rebalancing the group launches the next one at the notice.
        self.group.launch_missing(now)

    def _end(self, machine: Machine, now: float, *, has_notice: bool) -> list[Running]:
        """Take an instance away from what it has in hand."""
        running = self.service.remove(machine.number) if machine.is_ready else []
        for each in running:
            if each.end_s <= now:
                continue
            if not has_notice:
                self._requeue_killed(each, now)
            elif each.end_s > now + _FINISH_S:
                self._requeue_checkpointed(each, now + _FINISH_S)
        self.group.end(machine, gone_s=now + NOTICE_S if has_notice and running else now)
        return running

    def _requeue_checkpointed(self, running: Running, cut_s: float) -> None:
        """No page is begun that would not end: what is left are whole pages, and none is read twice."""
        shard = running.shard
        page_s = shard.seconds / shard.pages
        left = min(shard.pages, math.ceil((running.end_s - cut_s) / page_s))
        self.service.slots.requeue(
            Shard(queued_s=cut_s, document=shard.document, seconds=left * page_s, pages=left)
        )

    def _requeue_killed(self, running: Running, now: float) -> None:
        """Back to the last checkpoint; SQS hides the message until its lease ends."""
        shard = running.shard
        page_s = shard.seconds / shard.pages
        begun_s = shard.seconds - (running.end_s - now)
        saved_s = max(0.0, begun_s - _CHECKPOINT_S * self._random.random_sample())
        saved = min(math.floor(saved_s / page_s), shard.pages)
        self.tally.pages_repeated += max(0, math.ceil(begun_s / page_s) - saved)
        left = max(shard.pages - saved, 0)
        self.service.slots.requeue(
            Shard(queued_s=now + _VISIBILITY_S, document=shard.document, seconds=left * page_s, pages=left)
        )

    def _tick(self, now: float) -> None:
        service, group, tally = self.service, self.group, self.tally
        service.choose_mode()
        batch = self._batch()
        self._hour.append(batch)
        quota = self.scenario.quotas.images_per_minute
        tally.vectors_pending += batch.images
        tally.vectors_pending = max(0.0, tally.vectors_pending - quota) if quota else 0.0
        tally.most_vectors_pending = max(tally.most_vectors_pending, tally.vectors_pending)
        seen = self._observe(now)
        group.desired = self._policy.decide(seen)
        if len(group.alive) > group.desired:
            self._scale_in(now)
        group.launch_missing(now)
        tally.times_s.append(now)
        tally.backlogs.append(seen.waiting + seen.in_flight)
        tally.desired.append(group.desired)
        tally.in_service.append(seen.in_service)

    def _batch(self) -> _Batch:
        """What was begun since the last minute."""
        head, load = self.service.slots.head, self.service.load
        part = slice(self._seen, head)
        self._seen = head
        pages = load.pages[part].astype(float)
        images = float(self._images[load.kinds[part]].sum()) if self._images.any() else 0.0
        return _Batch(
            len(pages),
            float(pages.sum()),
            float(np.dot(pages, pages)),
            float(load.work_s[part].sum()),
            images,
        )

    def _observe(self, now: float) -> Observation:
        in_service = len(self.group.ready())
        unfinished = self.service.waiting + self.service.in_hand
        # A worker holds twice its cores and two messages, most of them before their turn.
        in_flight = min(unfinished, in_service * (2 * self.scenario.instances.vcpus + 2))
        hour = self._hour
        lately = list(hour)[-_LATELY_MINUTES:]
        return Observation(
            now_s=now,
            waiting=unfinished - in_flight,
            in_flight=in_flight,
            desired=self.group.desired,
            in_service=in_service,
            documents=sum(batch.documents for batch in hour),
            pages=sum(batch.pages for batch in hour),
            squares=sum(batch.squares for batch in hour),
            work_s=sum(batch.work_s for batch in hour),
            images=sum(batch.images for batch in hour),
            pages_lately=sum(batch.pages for batch in lately) / len(lately),
            count_idle=self._count_idle,
        )

    def _count_idle(self) -> int:
        return sum(not is_protected for _, is_protected in self._candidates())

    def _candidates(self) -> list[tuple[Machine, bool]]:
        """The instances in the order in which they go: those that boot, then the oldest; who is protected."""
        busy_until = self.service.busy_until_s()
        is_protecting = getattr(self.settings, "scale_in_protection", False)
        idle_since = self.service.now_s - self.scenario.instances.protected_idle_s
        booting = [machine for machine in self.group.alive.values() if not machine.is_ready]
        return [(machine, False) for machine in booting[::-1]] + [
            (machine, is_protecting and busy_until.get(machine.number, -math.inf) > idle_since)
            for machine in self.group.ready()
        ]

    def _scale_in(self, now: float) -> None:
        """End what is too many, and nothing that is protected."""
        for machine, is_protected in self._candidates():
            if len(self.group.alive) <= self.group.desired:
                return
            if not is_protected:
                running = self._end(machine, now, has_notice=True)
                self.tally.busy_killed += bool(running)
