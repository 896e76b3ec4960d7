"""Shutdowns at random moments, each with one dependency that hangs.

The process must end within its budget; what it held is requeued or redelivered; requests of it that arrive
after another worker has finished its documents change nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random

import psutil

from tests.resilience.real.agreement import compare
from tests.resilience.real.corpus import Corpus
from tests.resilience.real.fault_answers import Service
from tests.resilience.real.fleet import READY_S, Fleet, Links, Machine, pause, wait_until
from tests.resilience.real.proxy import Fault, Rule
from tests.resilience.real.report import Report, Say, silent
from tests.resilience.real.world import World
from worker.aws.ledger_row import FileRow

_LEASE_S = 15
# A quarter of it is left for the end of the process, which takes seconds on a busy machine.
_BUDGET_S = 40.0
# A notice is read every two seconds, and leaves two for the end.
_NOTICE_S = 45.0
_GIVEN_UP_AFTER_S = 180.0
_DEATH_S = 60.0
_DOCUMENTS_EACH = 7
_LONGEST_MOMENT_S = 4.0
_LONGEST_HANG_BEFORE_S = 1.5
_INCOMPLETE_STATUS = 75
_THREAD = re.compile(r"receive|attempt-\d+|parked|requeue-rest")
_SETTINGS = {"CIS_VISIBILITY_S": str(_LEASE_S), "CIS_STOP_BUDGET_S": f"{_BUDGET_S:.0f}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ShutdownSize:
    """How many shutdowns, and how many workers at once."""

    shutdowns: int
    at_once: int = 5


@dataclass(kw_only=True)
class _Shutdown:
    """One of them, from its plan to its end."""

    machine: Machine
    links: Links
    service: Service
    fault: Fault
    is_notice: bool
    hang_at: float
    stop_at: float
    signalled_at: float | None = None
    seconds: float | None = None
    status: int | None = None

    def __str__(self) -> str:
        stop = "spot notice" if self.is_notice else "SIGTERM"
        end = f"{self.seconds or 0:.1f} s, status {self.status}"
        return f"{stop} while {self.service} hangs ({self.fault}): {end}"


def run(world: World, size: ShutdownSize, *, seed: int, say: Say = silent) -> Report:
    """Run all of them in waves, and compare at the end."""
    report = Report(title=f"shutdowns: {size}, seed {seed}", say=say)
    random = Random(f"{seed}/shutdowns")
    services = cycle(random.sample(list(world.upstreams), len(world.upstreams)))
    corpus = Corpus(seed)
    left = size.shutdowns
    while left > 0:
        count = min(left, size.at_once)
        left -= count
        with Fleet(world, settings=_SETTINGS) as fleet, ExitStack() as held:
            ended = _stop_all(world, fleet, held, random, [next(services) for _ in range(count)], corpus)
            _check(report, fleet, ended)
            _finish(report, world, fleet, ended, held)
    agreement = compare(world)
    report.note(str(world.receives))
    report.check(not agreement.differences, str(agreement))
    report.note(*agreement.differences[:40])
    return report


def _stop_all(
    world: World, fleet: Fleet, held: ExitStack, random: Random, services: list[Service], corpus: Corpus
) -> list[_Shutdown]:
    """One wave: start the workers, give them work, and stop each at its own moment."""
    links = [held.enter_context(Links(world, seed=random.randrange(10**6))) for _ in services]
    machines = [fleet.start(each) for each in links]
    for machine in machines:
        machine.process.wait_until_ready(READY_S)
    for document in corpus.documents(_DOCUMENTS_EACH * len(machines)):
        world.put(replace(document, key=f"{len(world.live)}/{document.key}"))
    now = time.monotonic()
    plans = []
    for machine, link, service in zip(machines, links, services, strict=True):
        hang_at = now + random.uniform(0.0, _LONGEST_MOMENT_S)
        plans.append(
            _Shutdown(
                machine=machine,
                links=link,
                service=service,
                fault=random.choice((Fault.HANG, Fault.DELAY)),
                is_notice=random.random() < 0.3,
                hang_at=hang_at,
                stop_at=hang_at + random.uniform(0.0, _LONGEST_HANG_BEFORE_S),
            )
        )
    deadline = now + _GIVEN_UP_AFTER_S
    while any(plan.seconds is None for plan in plans) and time.monotonic() < deadline:
        for plan in plans:
            _advance(plan)
        pause(0.02)
    return plans


def _advance(plan: _Shutdown) -> None:
    """Do what is due of one shutdown."""
    now = time.monotonic()
    if plan.seconds is not None:
        return
    if plan.hang_at <= now:
        plan.hang_at = float("inf")
        plan.links.proxies[plan.service].control(Rule(fault=plan.fault))
    if plan.stop_at <= now and plan.signalled_at is None:
        plan.signalled_at = now
        if plan.is_notice:
            plan.machine.notify(in_s=_NOTICE_S)
        else:
            plan.machine.terminate()
    if not plan.machine.process.is_running:
        plan.seconds = now - (plan.signalled_at or now)
        plan.status = plan.machine.process.wait(READY_S)


def _check(report: Report, fleet: Fleet, ended: list[_Shutdown]) -> None:
    """What each shutdown must have been."""
    for one in ended:
        limit_s = _NOTICE_S if one.is_notice else _BUDGET_S
        report.check(one.seconds is not None and one.seconds <= limit_s, f"within its budget: {one}")
        said = [line.line for line in fleet.events("worker_stopped") if line.worker == one.machine.name]
        left = _left_to_the_queue(fleet, one.machine)
        expected = ("INCOMPLETE_SHUTDOWN", _INCOMPLETE_STATUS) if left else ("GRACEFUL_SHUTDOWN", 0)
        status = said[0]["status"] if said else "nothing"
        report.check(
            (status, one.status) == expected,
            f"says {expected[0]} with status {expected[1]}: said {status} with status {one.status}",
            left,
        )
        report.check(_ends(str(fleet.folder_of(one.machine))), "leaves no process behind")


def _left_to_the_queue(fleet: Fleet, machine: Machine) -> list[str]:
    """What a worker's log has of messages that its stop did not settle."""
    lines = [logged.line for logged in list(fleet.log) if logged.worker == machine.name]
    events = [line["event"] for line in lines]
    left = []
    for line in lines[events.index("shutdown_began") :] if "shutdown_began" in events else []:
        if line["event"] == "settle_failed":
            left.append(f"not settled: {line['ending']}: {line['reason']}")
        elif line["event"] == "threads_abandoned":
            # The replayers, the heartbeat and the sandbox hold no message.
            left += [f"abandoned: {name}" for name in _THREAD.findall(str(line["threads"]))]
    return left


def _finish(report: Report, world: World, fleet: Fleet, ended: list[_Shutdown], held: ExitStack) -> None:
    """Let another worker finish the documents; then let what the ended ones had sent arrive."""
    fleet.machines.clear()
    with Links(world, seed=0) as links:
        fleet.start_ready(links)
        report.check(fleet.settle(), "what they held is requeued or redelivered, and finished")
        before = _rows(world)
        for one in ended:
            one.links.control()
        # Their proxies end only when what they held has arrived.
        wait_until(lambda: not any(one.links.is_holding for one in ended), what="late requests arrive")
        report.check(fleet.settle(), "late copies of messages are settled")
        report.check(_rows(world) == before, "a request that arrives late changes no row")
        fleet.stop()
        report.check(not fleet.surprises, f"the worker after them ends well {fleet.surprises or ''}".strip())
        held.close()


def _rows(world: World) -> dict[str, FileRow]:
    # A last renewal may still land after the commit; it decides nothing.
    return {row.key: replace(row, beat=0, updated_at="") for row in world.rows()}


def _ends(folder: str) -> bool:
    """Whether the processes that work in a folder end."""
    deadline = time.monotonic() + _DEATH_S
    while list(_processes_in(folder)):
        if time.monotonic() > deadline:
            return False
        pause(0.2)
    return True


def _processes_in(folder: str) -> Iterator[str]:
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or [])
        if folder in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            yield words
