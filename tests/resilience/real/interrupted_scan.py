"""A long scan that is interrupted again and again: by notices, or by kill -9."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from statistics import mean

from tests.resilience.real.agreement import compare
from tests.resilience.real.corpus import Document, scan
from tests.resilience.real.fleet import HAPPENS_S, READY_S, Fleet, Links, Logged, Machine, wait_until
from tests.resilience.real.notice_time import check_completion, expect_completion, hooked
from tests.resilience.real.report import Report, Say, silent
from tests.resilience.real.world import World
from worker.aws.ledger_row import FileRow
from worker.models.ledger import State

_KEY = "share/scan.pdf"
_LEASE_S = 15
# In which a running page can still be finished and few others are begun, and (the first notice) in which some
# are: in seconds, and in mean times of a page, which are long on a busy machine.
_NOTICE_S, _NOTICE_PAGES = 12.0, 6
_LONG_S, _LONG_PAGES = 22.0, 10
_REPEATED_S = 30.0
_CHECKPOINT_AFTER_S = 12.0
_END_STATUS_S = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanSize:
    """A scan of so many pages, interrupted so often.

    `expecting` makes the workers expect an interruption, as a rebalance recommendation does: checkpoints are
    more frequent, so that a small scan has some.
    """

    pages: int
    interruptions: int = 5
    slots: int = 2
    dpi: int = 150
    most_pages: int = 3
    expecting: bool = False


def run_notices(world: World, size: ScanSize, *, seed: int, say: Say = silent) -> Report:
    """Spot notices at random, each to a new worker: no page is read twice, the last receive is the first.

    Each machine is in a group that waits for its lifecycle action, and loses the first answer to it.
    """
    report = Report(title=f"scan interrupted by notices: {size}, seed {seed}", say=say)
    random = Random(f"{seed}/notices")
    with (
        Links(world, seed=seed) as links,
        hooked() as (group, settings),
        Fleet(world, settings={**_settings(size), **settings}) as fleet,
    ):
        world.put(_document(size, seed))
        for number in range(1, size.interruptions + 1):
            expect_completion(group)
            machine = fleet.start_ready(links)
            pages = random.randint(1, size.most_pages)
            _wait_for(fleet, "page_ocred", len(fleet.events("page_ocred")) + pages)
            _notify(fleet, machine, report, number=number, slots=size.slots)
            report.check(not _is_finished(world), "the scan was interrupted before its end")
        row = _finish(world, fleet, links, report)
        read = Counter(int(str(logged.line["page"])) for logged in fleet.events("page_ocred"))
        twice = {page: times for page, times in read.items() if times != 1}
        report.check(
            sorted(read) == list(range(1, size.pages + 1)) and not twice,
            f"each of {size.pages} pages is read once: {sum(read.values())} readings {twice or ''}".strip(),
        )
        last = world.receives.last_of(_KEY)
        check_completion(report, group, times=size.interruptions)
        report.check(last == 1, f"the last receive count is 1: {last}; {world.receives}")
        report.note(f"interruptions survived: {size.interruptions}; fence {row.fence if row else None}")
    return report


def _notify(fleet: Fleet, machine: Machine, report: Report, *, number: int, slots: int) -> None:
    """Send a notice and wait for the end; the first one leaves time for more than the pages in hand."""
    before = len(fleet.events("page_ocred"))
    least_s, least_pages = (_LONG_S, _LONG_PAGES) if number == 1 else (_NOTICE_S, _NOTICE_PAGES)
    machine.notify(in_s=max(least_s, least_pages * _mean_page_s(fleet)))
    status = machine.process.wait(_END_STATUS_S)
    done, seen = fleet.events("page_ocred"), fleet.events("interruption_notice")[-1].at
    after = sum(page.at > seen for page in done)
    report.note(f"notice {number} after {before} pages: {after} read after it, {len(done)} in all")
    if number == 1:
        report.check(after > slots, f"more pages are read than were in hand: {after}")
    report.check(status == 0, f"the worker ends well: status {status}")


def run_kills(world: World, size: ScanSize, *, seed: int, say: Say = silent) -> Report:
    """Repeat kill -9, each after progress: at most 30 s are repeated each, and no strike is left."""
    report = Report(title=f"scan interrupted by kill -9: {size}, seed {seed}", say=say)
    random = Random(f"{seed}/kills")
    killed: list[Machine] = []
    with Links(world, seed=seed) as links, Fleet(world, settings=_settings(size)) as fleet:
        world.put(_document(size, seed))
        for number in range(1, size.interruptions + 1):
            machine = fleet.start(links)
            machine.metadata.control({"rebalance": size.expecting})
            machine.process.wait_until_ready(READY_S)
            saved, read = len(fleet.events("checkpoint_saved")), len(fleet.events("page_ocred"))
            _wait_for(fleet, "checkpoint_saved", saved + 1)
            _wait_for(fleet, "page_ocred", read + random.randint(1, size.most_pages))
            machine.kill()
            killed.append(machine)
            report.note(f"kill {number} after {len(fleet.events('page_ocred')) - read} more pages")
            report.check(not _is_finished(world), "the scan was killed before its end")
        _finish(world, fleet, links, report)
        for machine in killed:
            seconds, limit_s = _repeated_s(fleet, machine, size.slots), _limit_s(fleet, machine, size.slots)
            repeated = f"{machine.name}: {seconds:.1f} s of OCR repeated, at most {limit_s:.0f} s"
            report.check(seconds <= limit_s, repeated, [_story(fleet, machine)])
        report.note(str(world.receives))
    return report


def _document(size: ScanSize, seed: int) -> Document:
    return Document(key=_KEY, data=scan(size.pages, dpi=size.dpi, seed=seed), word="", is_scanned=True)


def _settings(size: ScanSize) -> dict[str, str]:
    return {
        "CIS_VISIBILITY_S": str(_LEASE_S),
        "CIS_SLOTS": str(size.slots),
        # One worker at a time: a poll left open by a dead one must not keep the message for long.
        "CIS_POLL_WAIT_S": "1",
        # A page must take seconds, so that few of them are read while a notice is under way.
        "CIS_OCR_SECOND_PASS": "auto",
    }


def _wait_for(fleet: Fleet, event: str, count: int) -> None:
    wait_until(lambda: len(fleet.events(event)) >= count, what=f"{count} x {event}")


def _is_finished(world: World) -> bool:
    row = world.row(_KEY)
    return row is not None and row.is_finished


def _finish(world: World, fleet: Fleet, links: Links, report: Report) -> FileRow | None:
    """Let a last worker finish the scan, and check its end."""
    fleet.machines.clear()
    fleet.start_ready(links)
    report.check(fleet.settle(timeout_s=HAPPENS_S), "the scan is finished")
    fleet.stop()
    row = world.row(_KEY)
    state = (row.state, row.failures, row.crash_strikes, row.checkpoint) if row else None
    expected = (State.INDEXED, 0, 0, None)
    report.check(state == expected, f"it is indexed, without failure, strike or checkpoint: {state}")
    agreement = compare(world)
    report.check(not agreement.differences, str(agreement))
    report.note(*agreement.differences)
    return row


def _pages_of(fleet: Fleet, machine: Machine) -> list[Logged]:
    return [logged for logged in fleet.events("page_ocred") if logged.worker == machine.name]


def _mean_page_s(fleet: Fleet) -> float:
    return mean(float(str(logged.line["seconds"])) for logged in fleet.events("page_ocred"))


def _story(fleet: Fleet, machine: Machine) -> str:
    """What a worker restored, read and saved, in order."""
    steps = []
    for logged in list(fleet.log):
        line = logged.line
        if logged.worker != machine.name:
            continue
        match line["event"]:
            case "page_ocred":
                steps.append(f"{line['page']} ({line['seconds']} s)")
            case "checkpoint_saved" | "checkpoint_restored" as event:
                steps.append(f"{event}: {line['pages']} pages;")
    return f"{machine.name}: {' '.join(steps)}"


def _limit_s(fleet: Fleet, machine: Machine, slots: int) -> float:
    """30 s; more only where the machine is so busy that the pages in progress take longer by themselves.

    A checkpoint is due after 12 s of OCR, with the page that completes them and those that end meanwhile.
    """
    longest = max((float(str(page.line["seconds"])) for page in _pages_of(fleet, machine)), default=0.0)
    return max(_REPEATED_S, _CHECKPOINT_AFTER_S + (2 * slots + 1) * longest)


def _repeated_s(fleet: Fleet, machine: Machine, slots: int) -> float:
    """Seconds of OCR that another worker did again: the pages read twice, and at most those in progress.

    A page in progress had at most the mean time of a page, in each slot.
    """
    own = _pages_of(fleet, machine)
    later = {
        logged.line["page"]
        for logged in fleet.events("page_ocred")
        if logged.worker != machine.name and own and logged.at > own[-1].at
    }
    again = [float(str(logged.line["seconds"])) for logged in own if logged.line["page"] in later]
    every = [float(str(logged.line["seconds"])) for logged in own]
    in_progress = slots * sum(every) / len(every) if every else 0.0
    return sum(again) + in_progress
