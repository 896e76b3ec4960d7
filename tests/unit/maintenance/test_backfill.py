"""Backfill: what is queued, how deep the queue gets, and where a run goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld
from tests.unit.world import World
from worker.aws.file_table import Commit
from worker.errors import UnavailableError
from worker.maintenance.backfill import Backfill, BackfillRequest, Load, Pacing
from worker.maintenance.pace import Pace
from worker.maintenance.position import PositionStore
from worker.maintenance.progress import Progress
from worker.maintenance.sweep import StoppedError
from worker.models.ledger import State

pytestmark = pytest.mark.unit


@dataclass(eq=False)
class BackfillRun:
    """Backfills on a World; time passes only in waits, and `on_wait` is called in each of them."""

    it: SweepWorld
    is_stopped: bool = False
    depths: list[int] = field(default_factory=list)
    heard: list[tuple[str, Progress]] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.it.world

    def on_wait(self) -> None:
        """What happens while the command waits for room."""

    def _wait(self, seconds: float) -> bool:
        self.world.clock.wait(seconds)
        if seconds > 0:
            self.depths.append(self.world.waiting())
            self.on_wait()
        return self.is_stopped

    def make(self, rate: float | None = None, **changes: Any) -> Backfill:
        stores = self.it.stores
        return Backfill(
            BackfillRequest(**{"bucket": "source", **changes}),
            objects=stores.objects,
            scan=stores.scan,
            sender=stores.sender,
            positions=PositionStore(
                storage=self.world.storage, command="backfill", bucket="source", prefix=""
            ),
            pacing=Pacing(
                pace=Pace(rate, wait=self._wait, clock=self.world.clock),
                wait=self._wait,
                report=lambda phase, progress: self.heard.append((phase, progress)),
                clock=self.world.clock,
            ),
        )

    def run(self, **changes: Any) -> Load:
        return self.make(**changes).run()

    def queued(self) -> list[str]:
        """The keys in the queue, which is emptied."""
        keys: list[str] = []
        while messages := self.world.queue.receive(limit=10, wait_s=0):
            keys += [json.loads(each.body).get("s3Key", "") for each in messages]
            self.world.queue.delete(messages)
        return sorted(keys)


@pytest.fixture
def backfill(sweep_world: SweepWorld) -> BackfillRun:
    return BackfillRun(sweep_world)


def test_what_the_ledger_has_in_its_version_is_skipped(backfill: BackfillRun) -> None:
    it = backfill.it
    it.add("done.txt")
    it.add("changed.txt")
    it.world.put("changed.txt", b"newer")
    it.add("deleted and back.txt")
    it.tombstone("deleted and back.txt")
    for key in ("deleted and back.txt", "new 営業+%.txt", "unfinished.txt", "dead.txt"):
        it.world.put(key)
    it.claim("unfinished.txt")
    it.world.table.commit(it.claim("dead.txt"), Commit(state=State.DEAD_LETTERED, reason="x"))
    it.world.put("folder/", b"")
    load = backfill.run()
    assert backfill.queued() == ["changed.txt", "deleted and back.txt", "new 営業+%.txt", "unfinished.txt"]
    assert (load.objects, load.known, load.ignored, load.queued, load.bytes) == (7, 2, 1, 4, 26)
    assert backfill.heard[-1][1].total == 7


def test_a_dry_run_counts_files_and_bytes_and_changes_nothing(backfill: BackfillRun) -> None:
    for number in range(12):
        backfill.world.put(f"{number}.txt", b"12345")
    load = backfill.run(is_dry_run=True, depth=1)
    assert (load.queued, load.bytes) == (12, 60)
    assert backfill.queued() == []
    assert backfill.world.storage.keys("") == []


def test_the_queue_keeps_its_depth_while_workers_empty_it_and_others_fill_it(backfill: BackfillRun) -> None:
    world = backfill.world
    for number in range(60):
        world.put(f"{number:02}.txt")
    keys: list[str] = []

    def work() -> None:
        world.queue.send("{}")
        messages = world.queue.receive(limit=8, wait_s=0)
        keys.extend(json.loads(each.body).get("s3Key", "") for each in messages)
        world.queue.delete(messages)

    backfill.on_wait = work  # type: ignore[method-assign]
    load = backfill.run(depth=25)
    assert load.queued == 60
    assert max(backfill.depths) <= 25
    assert len(backfill.depths) > 3
    assert sorted({*keys, *backfill.queued()} - {""}) == [f"{n:02}.txt" for n in range(60)]


def test_a_queue_that_stays_full_ends_the_wait(backfill: BackfillRun) -> None:
    for number in range(30):
        backfill.world.put(f"{number:02}.txt")
    with pytest.raises(UnavailableError, match="goes on where it stopped"):
        backfill.run(depth=10, wait_limit_s=60, save_every=1)
    assert sum(1 for _ in backfill.depths) <= 61
    assert len(backfill.queued()) == 10


def test_a_rate_is_kept(backfill: BackfillRun) -> None:
    for number in range(40):
        backfill.world.put(f"{number:02}.txt")
    began = backfill.world.clock()
    backfill.make(rate=10).run()
    # The first ten go at once.
    assert backfill.world.clock() - began >= 3.0


def test_a_run_that_was_stopped_goes_on_after_its_last_event(backfill: BackfillRun) -> None:
    for number in range(250):
        backfill.world.put(f"{number:03}.txt")
    events = backfill.world.clients.sqs.meta.events
    calls: list[int] = []

    def stop(**_: object) -> None:
        calls.append(1)
        backfill.is_stopped = len(calls) == 15

    events.register("after-call.sqs.SendMessageBatch", stop)
    with pytest.raises(StoppedError):
        backfill.run()
    backfill.is_stopped = False
    again = backfill.make()
    # In the middle of what it read at once.
    assert again.resumed_after == "149.txt"
    assert (again.load.objects, again.load.queued) == (150, 150)
    load = again.run()
    assert (load.objects, load.queued) == (250, 250)
    assert sorted(backfill.queued()) == [f"{number:03}.txt" for number in range(250)]
    assert backfill.make().resumed_after is None


def test_a_killed_run_goes_on_after_the_last_saved_position(backfill: BackfillRun) -> None:
    for number in range(250):
        backfill.world.put(f"{number:03}.txt")
    events = backfill.world.clients.sqs.meta.events
    calls: list[int] = []

    def kill(**_: object) -> None:
        calls.append(1)
        if len(calls) == 15:
            raise KeyboardInterrupt

    events.register("before-call.sqs.SendMessageBatch", kill)
    with pytest.raises(KeyboardInterrupt):
        backfill.run(save_every=100)
    events.unregister("before-call.sqs.SendMessageBatch", kill)
    assert backfill.make(is_restart=True).resumed_after is None
    again = backfill.make()
    assert again.resumed_after == "099.txt"
    again.run()
    assert set(backfill.queued()) == {f"{number:03}.txt" for number in range(250)}
