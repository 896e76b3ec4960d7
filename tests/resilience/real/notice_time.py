"""What a notice leaves time for: a long scan goes on, each page is kept, and the group hears once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tests.resilience.real.corpus import Document, scan
from tests.resilience.real.fleet import HAPPENS_S, Fleet, Links, Logged, Machine, wait_until
from tests.resilience.real.report import Report, Say, silent
from tests.resilience.real.world import World
from worker.embedded.autoscaling_server import GROUP, HOOK, AutoScalingServer

_KEY = "share/long scan.pdf"
_END_STATUS_S = 600.0
_BEFORE = 4
_AFTER = 3
# The worker's own rule (document_reader): a page is begun while 1.5 mean pages and 3.5 s fit.
_LAST_PAGE = 1.5
_SLACK_S = 6.5
_REQUEUE_BEFORE_END_S = 30.0
_FULL_TIMEOUT_S = 60.0
_STOP_BUDGET_S = 110.0


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeSize:
    """A scan of so many pages, and a notice that leaves so much time."""

    pages: int = 200
    notice_s: float = 120.0
    slots: int = 2
    dpi: int = 150


@contextmanager
def hooked() -> Iterator[tuple[AutoScalingServer, dict[str, str]]]:
    """A group that waits for this instance, whose first answer to the completion is lost; its settings."""
    with AutoScalingServer() as group:
        expect_completion(group)
        yield (
            group,
            {
                "AWS_ENDPOINT_URL_AUTO_SCALING": group.url,
                "CIS_AUTOSCALING_GROUP": GROUP,
                "CIS_LIFECYCLE_HOOK": HOOK,
            },
        )


def expect_completion(group: AutoScalingServer) -> None:
    """Have the group wait for this instance, and lose its first answer."""
    lost = {"CompleteLifecycleAction": ["lose_answer"]}
    group.control({"waiting": True, "timeout_s": 300, "faults_of": lost})


def check_completion(report: Report, group: AutoScalingServer, *, times: int) -> None:
    """Check that each lifecycle action was completed once, though each first answer was lost."""
    stats: Any = group.stats()
    calls = stats["calls"].get("CompleteLifecycleAction", 0)
    effects = stats["effects"].get("CompleteLifecycleAction", 0)
    beats = stats["effects"].get("RecordLifecycleActionHeartbeat", 0)
    report.check(
        effects == times and not stats["waiting"],
        f"the lifecycle action is completed once in effect, its first answer lost: {effects} of {times}, "
        f"{calls} calls, {beats} heartbeats",
    )


def run(world: World, size: NoticeSize, *, seed: int, say: Say = silent) -> Report:
    """One notice in the middle of a scan that cannot finish in its time."""
    report = Report(title=f"a notice during a long scan: {size}, seed {seed}", say=say)
    settings = {"CIS_SLOTS": str(size.slots), "CIS_POLL_WAIT_S": "1"}
    with (
        Links(world, seed=seed) as links,
        hooked() as (group, group_settings),
        Fleet(world, settings={**settings, **group_settings}) as fleet,
    ):
        data = scan(size.pages, dpi=size.dpi, seed=seed)
        world.put(Document(key=_KEY, data=data, word="", is_scanned=True))
        first = fleet.start_ready(links)
        wait_until(lambda: len(fleet.events("page_ocred")) >= _BEFORE, what="the first pages")
        first.notify(in_s=size.notice_s)
        status = first.process.wait(_END_STATUS_S)
        _report_time(report, fleet, first, size)
        report.check(status == 0, f"the worker ends well: status {status}")
        check_completion(report, group, times=1)
        _check_kept(report, world, fleet, links)
    return report


def _report_time(report: Report, fleet: Fleet, machine: Machine, size: NoticeSize) -> None:
    (notice,) = fleet.events("interruption_notice")
    ended = fleet.events("worker_stopped")[-1]
    pages = fleet.events("page_ocred")
    after = [page for page in pages if page.at > notice.at]
    page_s = mean(_seconds(page) for page in pages)
    within_s = min(_STOP_BUDGET_S, float(str(notice.line["left_s"])))
    window_s = within_s - _REQUEUE_BEFORE_END_S * min(1.0, within_s / _FULL_TIMEOUT_S)
    report.note(
        f"{machine.name}: {len(pages) - len(after)} pages before the notice, {len(after)} after it "
        f"({size.slots} were in hand), {page_s:.2f} s a page in {size.slots} slots",
        f"time until the requeue {window_s:.0f} s; last page after {after[-1].at - notice.at:.1f} s, "
        f"stopped after {ended.at - notice.at:.1f} s"
        if after
        else "no page after the notice",
    )
    used = bool(after) and after[-1].at - notice.at >= window_s - (_LAST_PAGE + 1) * page_s - _SLACK_S
    report.check(used, "the time is used: no page more would have fitted")
    report.check(len(after) > size.slots, "more pages are read than were in hand")


def _check_kept(report: Report, world: World, fleet: Fleet, links: Links) -> None:
    """What was read is checkpointed, and the next worker reads none of it again."""
    read = {int(str(page.line["page"])) for page in fleet.events("page_ocred")}
    saves = [int(str(line.line["pages"])) for line in fleet.events("checkpoint_saved")]
    report.check(sum(saves) == len(read), f"each page is checkpointed: {sum(saves)} in {len(saves)} parts")
    fleet.machines.clear()
    second = fleet.start_ready(links)
    wait_until(
        lambda: len(fleet.events("page_ocred")) >= len(read) + _AFTER,
        what="pages of the next worker",
        timeout_s=HAPPENS_S,
    )
    restored = [line for line in fleet.events("checkpoint_restored") if line.worker == second.name]
    report.check(
        bool(restored) and restored[0].line["pages"] == len(read),
        f"the next worker restores them: {restored[0].line['pages'] if restored else 0}",
    )
    again = {int(str(page.line["page"])) for page in fleet.events("page_ocred")[len(read) :]} & read
    report.check(not again, f"no page is read twice: {sorted(again)}")
    report.check(world.receives.last_of(_KEY) == 1, "its receive count is 1")
    second.kill()


def _seconds(page: Logged) -> float:
    return float(str(page.line["seconds"]))
