"""Slots: the CPU slots of the fleet and the documents they take from the queue, one by one.

A slot takes the next shard of the queue as soon as it is free. All slots are alike and the queue is in order,
so that one heap of the times at which slots become free is all there is to step through: no event for a page
or a document, and about a microsecond for each shard.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from worker.fleet.simulation.scenarios.distribution import Floats
from worker.fleet.simulation.workload import Workload

_BLOCK = 16_384


class _Block:
    """Some documents in a row, as lists, which Python reads faster than arrays."""

    __slots__ = ("arrivals_s", "documents", "ends_s", "first", "last", "pages", "seconds", "starts")

    def __init__(self, load: Workload, first: int) -> None:
        self.first = first
        self.last = min(first + _BLOCK, len(load))
        part = slice(first, self.last)
        shards = load.shards[part]
        self.starts = np.concatenate([[0], np.cumsum(shards)[:-1]]).astype(np.intp)
        self.arrivals_s: list[float] = np.repeat(load.arrivals_s[part], shards).tolist()
        self.seconds: list[float] = np.repeat(load.work_s[part] / shards, shards).tolist()
        self.pages: list[float] = np.repeat(load.pages[part] / shards, shards).tolist()
        self.documents: list[int] = np.repeat(np.arange(first, self.last), shards).tolist()
        self.ends_s: list[float] = []


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a document: in work, or requeued and waiting since `queued_s`."""

    queued_s: float
    document: int
    seconds: float
    pages: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A shard in a slot, and when it would end."""

    shard: Shard
    end_s: float


@dataclass(kw_only=True, eq=False, slots=True)
class Slots:
    """Queue and slots. `serve` goes on until a time; between two calls the fleet may change."""

    load: Workload
    per_instance: int
    head: int = 0
    """The first document that no slot has taken."""
    ends_s: Floats = field(default_factory=lambda: np.zeros(0))
    _free: list[tuple[float, int]] = field(default_factory=list)
    _work: dict[int, tuple[_Block, int] | Shard] = field(default_factory=dict)
    _block: _Block | None = None
    _place: int = 0
    _requeued: list[tuple[float, int, Shard]] = field(default_factory=list)
    _requeues: int = 0
    _late_ends_s: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ends_s = np.full(len(self.load), math.inf)

    @property
    def count(self) -> int:
        """The slots there are."""
        return len(self._free)

    @property
    def requeued(self) -> int:
        """Requeued shards that wait."""
        return len(self._requeued)

    def add(self, instance: int, now: float) -> None:
        """The slots of an instance that is ready."""
        for slot in range(instance * self.per_instance, (instance + 1) * self.per_instance):
            heapq.heappush(self._free, (now, slot))

    def remove(self, instance: int, now: float) -> list[Running]:
        """Take its slots away; what they had in work is the caller's to requeue or to let end."""
        running, rest = [], []
        for free, slot in self._free:
            if slot // self.per_instance != instance:
                rest.append((free, slot))
                continue
            work = self._work.pop(slot, None)
            if free > now and work is not None:
                running.append(Running(shard=_shard(work), end_s=free))
        heapq.heapify(rest)
        self._free = rest
        return running

    def requeue(self, shard: Shard) -> None:
        """Put what is left of a shard behind all that is in the queue by `queued_s`."""
        self._requeues += 1
        heapq.heappush(self._requeued, (shard.queued_s, self._requeues, shard))

    def take_requeued(self, before_s: float) -> Iterator[Shard]:
        """Those that were queued before a time: the queue is in order."""
        while self._requeued and self._requeued[0][0] < before_s:
            yield heapq.heappop(self._requeued)[2]

    def finish_late(self, document: int, end_s: float) -> None:
        """Note the end of a shard that was requeued."""
        self._late_ends_s[document] = max(end_s, self._late_ends_s.get(document, 0.0))

    def busy_until_s(self) -> dict[int, float]:
        """Instance -> when the last of its slots becomes free, or became."""
        ends: dict[int, float] = {}
        for free, slot in self._free:
            instance = slot // self.per_instance
            if free > ends.get(instance, -math.inf):
                ends[instance] = free
        return ends

    def in_hand(self, now: float) -> int:
        """Documents in work."""
        work = self._work
        busy = [slot for free, slot in self._free if free > now]
        known = [_document(work[slot]) for slot in busy if slot in work]
        # Those that were begun in a flow have no name.
        return len(set(known)) + len(busy) - len(known)

    def next_free_s(self) -> list[float]:
        """When each slot becomes free."""
        return [free for free, _ in self._free]

    def reset(self, free_s: list[float]) -> None:
        """Set when each slot becomes free, after a time that was not stepped through."""
        self._free = sorted(zip(free_s, (slot for _, slot in self._free), strict=True))
        self._work.clear()

    def leave_block(self, now: float) -> float:
        """End the step by step mode at a whole document; the work that this begins beyond what slots took."""
        block, begun = self._block, 0.0
        if block is None:
            return begun
        place = self._place
        while (
            place < len(block.documents)
            and place > 0
            and block.documents[place] == block.documents[place - 1]
        ):
            block.ends_s.append(now + block.seconds[place])
            begun += block.seconds[place]
            place += 1
        self._place = place
        self._flush()
        return begun

    def serve(self, until: float) -> None:
        """Let slots take from the queue until a time."""
        while self._free and self._free[0][0] < until:
            block = self._block
            if block is None or self._place >= len(block.documents):
                block = self._next_block()
            waiting = self._requeued[0][0] if self._requeued else math.inf
            if block is None or waiting <= block.arrivals_s[self._place]:
                if not self._serve_requeued(until):
                    return
            elif not self._serve_block(block, until, waiting):
                return

    def finish(self) -> Floats:
        """When each document was done; infinity where it was not."""
        self._flush()
        for document, end_s in self._late_ends_s.items():
            self.ends_s[document] = max(self.ends_s[document], end_s)
        for _, _, shard in self._requeued:
            self.ends_s[shard.document] = math.inf
        return self.ends_s

    def _serve_requeued(self, until: float) -> bool:
        """Give the first requeued shard to a slot; whether one waited."""
        if not self._requeued:
            return False
        free, slot = self._free[0]
        queued_s, _, shard = self._requeued[0]
        start = max(free, queued_s)
        if start >= until:
            return False
        heapq.heappop(self._requeued)
        end = start + shard.seconds
        heapq.heapreplace(self._free, (end, slot))
        self._work[slot] = shard
        self.finish_late(shard.document, end)
        return True

    def _serve_block(self, block: _Block, until: float, waiting: float) -> bool:
        """The inner loop; False when nothing more starts before `until`."""
        slots, work, place, replace = self._free, self._work, self._place, heapq.heapreplace
        arrivals, seconds, note_end = block.arrivals_s, block.seconds, block.ends_s.append
        size = len(arrivals)
        free, slot = slots[0]
        is_going = True
        while place < size:
            start = arrivals[place]
            if start >= waiting:
                break
            if start < free:  # noqa: PLR1730 - a call of max takes a tenth of this loop
                start = free
            if start >= until:
                is_going = False
                break
            end = start + seconds[place]
            replace(slots, (end, slot))
            work[slot] = (block, place)
            note_end(end)
            place += 1
            free, slot = slots[0]
        self._place = place
        self.head = block.documents[place] if place < size else block.last
        return is_going

    def _next_block(self) -> _Block | None:
        self._flush()
        if self.head >= len(self.load):
            return None
        self._block, self._place = _Block(self.load, self.head), 0
        return self._block

    def _flush(self) -> None:
        """Note the ends of a block's documents: a document is done with the last of its shards."""
        block = self._block
        if block is None:
            return
        self.head = block.documents[self._place] if self._place < len(block.documents) else block.last
        documents = self.head - block.first
        if documents:
            # Of a document that is begun only some shards have an end.
            shards = block.starts[documents] if self.head < block.last else len(block.documents)
            ends = np.maximum.reduceat(block.ends_s[:shards], block.starts[:documents])
            self.ends_s[block.first : self.head] = ends
        self._block = None


def _shard(work: tuple[_Block, int] | Shard) -> Shard:
    if isinstance(work, Shard):
        return work
    block, place = work
    return Shard(block.arrivals_s[place], block.documents[place], block.seconds[place], block.pages[place])


def _document(work: tuple[_Block, int] | Shard) -> int:
    return work.document if isinstance(work, Shard) else work[0].documents[work[1]]
