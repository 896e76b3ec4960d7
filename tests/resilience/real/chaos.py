"""A fleet under faults at random: kill -9, SIGTERM, stopped past the lease, spot notices, lost answers.

Documents are added, overwritten and deleted meanwhile. Afterwards ledger, index, queues and bucket must
agree.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.resilience.real.agreement import compare
from tests.resilience.real.corpus import Corpus, Document
from tests.resilience.real.fleet import HAPPENS_S, Fleet, Links, Machine
from tests.resilience.real.proxy import Fault, Rule
from tests.resilience.real.report import Report, Say, silent
from tests.resilience.real.world import World

_LEASE_S = 15
_PAST_THE_LEASE = 1.2
_NOTICE_S = (12.0, 40.0)
_LONGEST_PAUSE_S = 1.0
_WORK_WITHIN_S = 8.0
# Twice as many kills as others: they leave the most behind.
_FAULTS = ("kill -9", "SIGTERM", "kill -9", "SIGSTOP past the lease", "spot notice")
_SETTINGS = {"CIS_VISIBILITY_S": str(_LEASE_S), "CIS_STOP_BUDGET_S": "20", "CIS_SLOTS": "1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChaosSize:
    """How much of it. `overwrites` and `deletes` are shares of the documents."""

    documents: int
    faults: int
    workers: int = 3
    overwrites: float = 0.2
    deletes: float = 0.15
    lost_answers: float = 0.04
    lost_requests: float = 0.02


def run(world: World, size: ChaosSize, *, seed: int, say: Say = silent) -> Report:
    """Run it, wait until everything is settled, and compare."""
    report = Report(title=f"chaos: {size}, seed {seed}", say=say)
    with Links(world, seed=seed) as links, Fleet(world, settings=_SETTINGS) as fleet:
        links.control(
            Rule(fault=Fault.DROP_ANSWER, rate=size.lost_answers),
            Rule(fault=Fault.DROP_REQUEST, rate=size.lost_requests),
        )
        done = _Story(world=world, fleet=fleet, links=links, size=size, seed=seed).play()
        settled = fleet.settle()
        fleet.stop()
        report.note("faults: " + ", ".join(f"{times} x {name}" for name, times in done.items()))
        lost = {fault: sum(p.count(fault) for p in links.proxies.values()) for fault in Fault}
        report.note(
            f"{lost[Fault.DROP_ANSWER]} answers and {lost[Fault.DROP_REQUEST]} requests lost of "
            f"{sum(lost.values())}; {len(fleet.events('page_ocred'))} pages OCRed; {world.receives}"
        )
        seen = ("message_parked", "checkpoint_restored", "threads_abandoned")
        report.note(", ".join(f"{len(fleet.events(name))} x {name}" for name in seen))
        ends = Counter(str(logged.line["code"]) for logged in fleet.events("attempt_ended"))
        report.note("attempts ended by " + ", ".join(f"{code} ({times})" for code, times in ends.items()))
        report.check(settled, "every message is settled, every file has an end state")
        report.check(not fleet.surprises, f"no worker ended unasked: {len(fleet.surprises)} did")
        report.note(*fleet.surprises)
    agreement = compare(world)
    report.check(not agreement.differences, str(agreement))
    report.note(*agreement.differences[:40])
    return report


class _Story:
    """The plan of a run: changes of the bucket spread over the faults."""

    def __init__(self, *, world: World, fleet: Fleet, links: Links, size: ChaosSize, seed: int) -> None:
        self._world = world
        self._fleet = fleet
        self._links = links
        self._size = size
        self._random = Random(f"{seed}/chaos")
        self._corpus = Corpus(seed)
        self._new = list(self._corpus.documents(size.documents))
        self._overwrites = round(size.documents * size.overwrites)
        self._deletes = round(size.documents * size.deletes)

    def play(self) -> Counter[str]:
        """Do all of it; returns the faults that were done."""
        for _ in range(self._size.workers):
            self._fleet.start(self._links)
        done: Counter[str] = Counter()
        faults = [_FAULTS[number % len(_FAULTS)] for number in range(self._size.faults)]
        self._random.shuffle(faults)
        for left, fault in zip(range(len(faults), 0, -1), faults, strict=True):
            victim = self._victim()
            # Only now, so that the fault meets work in progress.
            self._change(1 / left)
            self._wait_for_work(victim)
            self._wait(self._random.uniform(0.0, _LONGEST_PAUSE_S))
            self._inflict(fault, victim)
            done[fault] += 1
        return done

    def _change(self, share: float) -> None:
        """A share of the changes that are left, in a random order."""
        overwrites, deletes = round(self._overwrites * share), round(self._deletes * share)
        self._overwrites -= overwrites
        self._deletes -= deletes
        count = max(1, round(len(self._new) * share))
        steps = ["put"] * min(count, len(self._new)) + ["overwrite"] * overwrites + ["delete"] * deletes
        self._random.shuffle(steps)
        for step in steps:
            if step == "put":
                self._world.put(self._new.pop())
            elif step == "overwrite":
                self._world.put(self._corpus.revision(self._any()))
            else:
                self._world.delete(self._any().key)

    def _any(self) -> Document:
        if not self._world.live:
            self._world.put(self._new.pop())
        return self._random.choice(list(self._world.live.values()))

    def _victim(self) -> Machine:
        deadline = time.monotonic() + HAPPENS_S
        while not (ready := [machine for machine in self._fleet.machines if machine.is_ready]):
            assert time.monotonic() < deadline, "no worker became ready"
            self._fleet.tick()
        return self._random.choice(ready)

    def _inflict(self, fault: str, victim: Machine) -> None:
        match fault:
            case "kill -9":
                victim.kill()
            case "SIGTERM":
                victim.terminate()
            case "SIGSTOP past the lease":
                victim.suspend(_LEASE_S * _PAST_THE_LEASE)
            case _:
                victim.notify(in_s=self._random.uniform(*_NOTICE_S))

    def _wait_for_work(self, victim: Machine) -> None:
        """Wait until a worker has work; its neighbours may have taken all of it."""
        until = time.monotonic() + _WORK_WITHIN_S
        while time.monotonic() < until and not victim.is_busy:
            self._fleet.tick()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._fleet.tick()
