"""Documents flow while one service after the other refuses, fails or answers nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from tests.resilience.real.agreement import compare
from tests.resilience.real.corpus import Corpus, Document
from tests.resilience.real.fault_answers import Service
from tests.resilience.real.fleet import READY_S, Fleet, Links
from tests.resilience.real.proxy import Fault, Rule
from tests.resilience.real.report import Report, Say, silent
from tests.resilience.real.world import World

KINDS = (Fault.REFUSE, Fault.FAIL, Fault.HANG)
_SETTLE_S = 1_800.0
_SETTINGS = {"CIS_VISIBILITY_S": "30"}


@dataclass(frozen=True, kw_only=True, slots=True)
class OutageSize:
    """So many documents, spread over the outages of each service by each kind of fault."""

    documents: int
    outage_s: float
    hang_s: float
    gap_s: float
    workers: int = 2
    services: tuple[Service, ...] = tuple(Service)
    kinds: tuple[Fault, ...] = KINDS

    def seconds(self, kind: Fault) -> float:
        """How long an outage of a kind takes; one that answers nothing outlasts the clients' time-outs."""
        return self.hang_s if kind is Fault.HANG else self.outage_s


@dataclass(kw_only=True, slots=True)
class _Counts:
    """What an outage may raise."""

    done: int
    restarts: int
    dead_letters: int


def run(world: World, size: OutageSize, *, seed: int, say: Say = silent) -> Report:
    """Run all outages in turn, wait until everything is settled, and compare."""
    report = Report(title=f"outages: {size}, seed {seed}", say=say)
    plan = [pair for pair in product(size.services, size.kinds) if pair[0] in world.upstreams]
    planned_s = sum(size.seconds(kind) + size.gap_s for _, kind in plan)
    feed = _Feed(world, Corpus(seed).documents(size.documents), per_s=size.documents / planned_s)
    with Links(world, seed=seed) as links, Fleet(world, settings=_SETTINGS) as fleet:
        for _ in range(size.workers):
            fleet.start(links).process.wait_until_ready(READY_S)
        for service, kind in plan:
            before = _counts(world, fleet)
            proxy = links.proxies[service]
            hit = proxy.count(kind)
            proxy.control(Rule(fault=kind))
            feed.run(fleet, size.seconds(kind))
            proxy.control()
            during = _counts(world, fleet).done - before.done
            feed.run(fleet, size.gap_s)
            after = _counts(world, fleet)
            report.note(
                f"{service} {kind} for {size.seconds(kind):g} s ({proxy.count(kind) - hit} requests): "
                f"{during} documents done meanwhile, {after.dead_letters - before.dead_letters} "
                f"dead-lettered, {after.restarts - before.restarts} workers ended"
            )
        feed.rest()
        began = time.monotonic()
        settled = fleet.settle(timeout_s=_SETTLE_S)
        report.note(f"settled {time.monotonic() - began:.0f} s after the last one; {world.receives}")
        report.check(settled, "every message is settled, every file has an end state, nothing is pending")
        fleet.stop()
        report.check(not fleet.surprises, f"no worker ended unasked: {len(fleet.surprises)} did")
        report.note(*fleet.surprises)
    agreement = compare(world)
    report.check(not agreement.differences, str(agreement))
    report.note(*agreement.differences[:20])
    return report


class _Feed:
    """Puts the documents evenly over the time that the outages take."""

    def __init__(self, world: World, documents: Iterator[Document], *, per_s: float) -> None:
        self._world = world
        self._documents = documents
        self._per_s = per_s
        self._due = 0.0
        self._put = 0

    def run(self, fleet: Fleet, seconds: float) -> None:
        """Let time pass, and put what is due meanwhile."""
        began, due = time.monotonic(), self._due
        while (passed := time.monotonic() - began) < seconds:
            self._due = due + self._per_s * passed
            self._catch_up()
            fleet.tick()
        self._due = due + self._per_s * seconds
        self._catch_up()

    def rest(self) -> None:
        """Put all that are left."""
        for document in self._documents:
            self._world.put(document)

    def _catch_up(self) -> None:
        while self._put < int(self._due) and (document := next(self._documents, None)) is not None:
            self._world.put(document)
            self._put += 1


def _counts(world: World, fleet: Fleet) -> _Counts:
    return _Counts(
        done=len(fleet.events("document_done")),
        restarts=len(fleet.surprises),
        dead_letters=world.depth("CIS_DLQ_URL"),
    )
