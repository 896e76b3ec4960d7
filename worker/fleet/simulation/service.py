"""Service: the queue and the slots, stepped through one by one, or as a flow where the queue is long.

While more than `fluid_above` documents wait, no slot is ever idle, and a minute takes from the queue what the
slots have time for: one step for all of it. The documents keep their order, their work and their own ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from worker.fleet.simulation.slots import Running, Shard, Slots
from worker.fleet.simulation.workload import Workload

FLUID_ABOVE = 100_000


@dataclass(kw_only=True, eq=False)
class Service:
    """Serves the documents of a workload with the slots there are. `now_s` is how far it is."""

    load: Workload
    per_instance: int
    random: np.random.RandomState
    fluid_above: int = FLUID_ABOVE
    now_s: float = 0.0
    fluid_steps: int = 0

    def __post_init__(self) -> None:
        self.slots = Slots(load=self.load, per_instance=self.per_instance)
        self._is_fluid = False
        self._begun_s = 0.0
        self._debt_s = 0.0
        self._residual_s = _mean_residual_s(self.load)

    @property
    def is_fluid(self) -> bool:
        """Whether the queue is a flow now."""
        return self._is_fluid

    @property
    def waiting(self) -> int:
        """Documents that came and that no slot has taken."""
        arrived = int(np.searchsorted(self.load.arrivals_s, self.now_s, side="right"))
        return arrived - self.slots.head + self.slots.requeued

    @property
    def in_hand(self) -> int:
        """Documents in work."""
        return self.slots.count if self._is_fluid else self.slots.in_hand(self.now_s)

    @property
    def is_done(self) -> bool:
        """Whether every document that is ever to come was taken, and its last shard ended."""
        return self.slots.head >= len(self.load) and not self.slots.requeued and not self.in_hand

    def busy_until_s(self) -> dict[int, float]:
        """Instance -> when it has nothing in hand, or had."""
        busy = self.slots.busy_until_s()
        return dict.fromkeys(busy, self.now_s + self._residual_s) if self._is_fluid else busy

    def add(self, instance: int) -> None:
        """An instance is ready."""
        self.slots.add(instance, self.now_s)
        # Its slots take documents at once; from then on they take them at the rate at which they end.
        self._debt_s -= self.per_instance * self._residual_s if self._is_fluid else 0.0

    def remove(self, instance: int) -> list[Running]:
        """An instance takes no more documents; what it has in hand."""
        if self._is_fluid:
            self.slots.remove(instance, self.now_s)
            return [self._draw_running() for _ in range(self.per_instance)]
        return self.slots.remove(instance, self.now_s)

    def serve(self, until_s: float) -> None:
        """Go on until a time, in the mode that was chosen."""
        if self._is_fluid:
            self._flow(until_s)
        else:
            self.slots.serve(until_s)
        self.now_s = until_s

    def choose_mode(self) -> None:
        """Become a flow when too many wait, and the other way round."""
        is_long = self.waiting - self.slots.requeued > self.fluid_above
        if is_long and not self._is_fluid:
            begun_s = self.slots.leave_block(self.now_s)
            in_hand_s = sum(max(0.0, free - self.now_s) for free in self.slots.next_free_s())
            self._debt_s = begun_s + in_hand_s - self.slots.count * self._residual_s
            self._begun_s = self._work_before(self.slots.head)
            self._is_fluid = True
        elif not is_long and self._is_fluid:
            count = self.slots.count
            spread = (np.arange(count) + 0.5) / max(count, 1) * 2 * self._residual_s
            self.slots.reset((self.now_s + spread).tolist())
            self._is_fluid = False

    def _flow(self, until_s: float) -> None:
        slots, load, head = self.slots, self.load, self.slots.head
        capacity_s = slots.count * (until_s - self.now_s)
        for shard in slots.take_requeued(load.arrivals_s[head] if head < len(load) else np.inf):
            self._debt_s += shard.seconds
            slots.finish_late(shard.document, until_s + shard.seconds)
        if not capacity_s:
            return
        self.fluid_steps += 1
        target_s = self._begun_s + capacity_s - self._debt_s
        arrived = int(np.searchsorted(load.arrivals_s, until_s, side="right"))
        reached = min(int(np.searchsorted(load.work_until_s, target_s, side="right")), arrived)
        part = slice(head, max(head, reached))
        shard_s = load.work_s[part] / load.shards[part]
        last_begun_s = load.work_until_s[part] - shard_s - self._begun_s + self._debt_s
        slots.ends_s[part] = self.now_s + np.maximum(last_begun_s, 0.0) / slots.count + shard_s
        slots.head = part.stop
        self._begun_s, self._debt_s = target_s, 0.0

    def _work_before(self, document: int) -> float:
        return float(self.load.work_until_s[document - 1]) if document else 0.0

    def _draw_running(self) -> Running:
        """A shard as a slot may have it in hand: a long one is met more often than a short one."""
        in_hand_s = 2 * self._residual_s * max(self.slots.count, self.per_instance)
        place_s = self._begun_s - self.random.random_sample() * min(in_hand_s, self._begun_s)
        load = self.load
        document = min(int(np.searchsorted(load.work_until_s, place_s)), len(load) - 1)
        shards = int(load.shards[document])
        seconds = float(load.work_s[document]) / shards
        shard = Shard(
            float(load.arrivals_s[document]), document, seconds, float(load.pages[document]) / shards
        )
        return Running(shard=shard, end_s=self.now_s + seconds * self.random.random_sample())


def _mean_residual_s(load: Workload) -> float:
    """What is left of the shard in a slot that is always busy, on the mean."""
    if not len(load):
        return 0.0
    seconds, work = load.work_s / load.shards, float(load.work_until_s[-1])
    return float(np.dot(load.work_s, seconds)) / (2 * work) if work > 0 else 0.0
