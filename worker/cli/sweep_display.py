"""How reconcile and backfill show their progress and what they print at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from worker.cli.printing import make_console, make_table, sanitise
from worker.cli.progress_line import ProgressLine, describe
from worker.maintenance.comparison import EXPLANATIONS, Finding

if TYPE_CHECKING:
    from worker.errors import WorkerError
    from worker.maintenance.backfill import Backfill, BackfillRequest
    from worker.maintenance.progress import Progress
    from worker.maintenance.reconcile import Reconcile
    from worker.maintenance.sweep import ReconcileRequest, Tally

_MOST_SHOWN = 20
_PHASES = {
    "ledger": "reading the ledger",
    "index": "reading the index",
    "compare": "comparing objects",
    "purge": "looking for leftovers",
    "count": "counting objects",
    "backfill": "queuing files",
}
_NO_DIFFERENCE = ("in_progress", "index_pending", "dead_lettered")
_PURGED = {
    "tombstones": "tombstones past retention",
    "contents": "contents that no file has any more",
    "contents_waiting": "such contents that are kept for 24 h more",
    "checkpoints": "objects of checkpoints",
    "bodies": "stored message bodies",
}


class SweepDisplay:
    """Progress on standard error: one line that changes on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._line = ProgressLine()

    def resumed(self, after: str | None) -> None:
        """Say where an earlier run is continued."""
        if after is not None:
            place = f"after {sanitise(after)}" if after else "at its beginning"
            self._line.say(f"Going on {place}; --restart begins anew.")

    def outage(self, error: WorkerError) -> None:
        """Say what is waited for."""
        self._line.say(f"{sanitise(str(error))} Trying again in a while.")

    def report(self, phase: str, progress: Progress) -> None:
        """Show how far a phase is."""
        self._line.show(_PHASES.get(phase, phase), describe(progress))

    def __enter__(self) -> Self:
        self._line.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.__exit__()


def print_reconcile(request: ReconcileRequest, run: Reconcile, *, is_finished: bool) -> None:
    """Print what differs, what was queued and purged, and what to do next."""
    print_tally(request, run.tally, is_finished=is_finished)


def print_tally(request: ReconcileRequest, tally: Tally, *, is_finished: bool) -> None:
    """The same of a tally."""
    console = make_console()
    table = make_table("difference", "files", "why")
    for name, number in sorted(tally.findings.items()):
        finding = Finding(name)
        if finding.difference is not None and number:
            table.add_row(finding.difference.value, f"{number:,}", EXPLANATIONS[finding])
    if table.row_count:
        console.print(table)
    for each in tally.files[:_MOST_SHOWN]:
        console.print(f"{each['difference']}: {sanitise(each['key'])}", markup=False)
    if tally.total > _MOST_SHOWN:
        more = tally.total - _MOST_SHOWN
        console.print(f"... and {more:,} more; --json lists the first 1,000.", markup=False)
    for name in _NO_DIFFERENCE:
        if number := tally.findings.get(name, 0):
            console.print(f"{number:,} {name.replace('_', ' ')}: no difference.", markup=False)
    verb = "purged" if tally.is_fix else "to purge"
    for kind, what in _PURGED.items():
        if number := tally.purged.get(kind, 0):
            console.print(
                f"{number:,} {what}{'' if kind == 'contents_waiting' else f' {verb}'}", markup=False
            )
    console.print(_last_line(request, tally, is_finished=is_finished), markup=False)


def _last_line(request: ReconcileRequest, tally: Tally, *, is_finished: bool) -> str:
    place = f"s3://{request.bucket}/{sanitise(request.prefix)}"
    if not is_finished:
        at = f"after {sanitise(tally.after)}" if tally.after else "before its first position"
        return f"Stopped {at}, {tally.objects:,} objects done. The same command goes on there."
    objects = f"{tally.objects:,} objects in {place}"
    if not tally.total:
        return f"{objects}: nothing differs."
    if tally.is_fix:
        queued = f"{tally.total:,} differences, {tally.queued:,} events queued"
        return f"{objects}: {queued}. Run it again when the queue is empty."
    return f"{objects}: {tally.total:,} differences. --fix queues them."


def reconcile_values(request: ReconcileRequest, run: Reconcile, *, is_finished: bool) -> dict[str, Any]:
    """A run of reconcile as plain values, for JSON."""
    tally = run.tally
    return {
        "bucket": request.bucket,
        "prefix": request.prefix,
        "fix": request.is_fix,
        "finished": is_finished,
        "resumed_after": run.resumed_after,
        "stopped_after": None if is_finished else tally.after,
        "objects": tally.objects,
        "differences": tally.differences,
        "total": tally.total,
        "findings": {**dict.fromkeys(_NO_DIFFERENCE, 0), **tally.findings},
        "queued": tally.queued,
        "purged": tally.purged,
        "files": tally.files,
        "files_left_out": tally.total - len(tally.files),
    }


def backfill_values(request: BackfillRequest, run: Backfill, *, is_finished: bool) -> dict[str, Any]:
    """A backfill as plain values, for JSON."""
    load = run.load
    return {
        "bucket": request.bucket,
        "prefix": request.prefix,
        "dry_run": request.is_dry_run,
        "finished": is_finished,
        "resumed_after": run.resumed_after,
        "stopped_after": None if is_finished else load.after,
        "objects": load.objects,
        "known": load.known,
        "ignored": load.ignored,
        "queued": load.queued,
        "bytes": load.bytes,
    }


def print_backfill(request: BackfillRequest, run: Backfill, *, is_finished: bool) -> None:
    """Print how many files were queued and skipped, and where it stopped."""
    load, console = run.load, make_console()
    verb = "to queue" if request.is_dry_run else "queued"
    size = f"{load.bytes / 1024**2:,.1f} MB"
    counts = f"{load.queued:,} files {verb} ({size}), {load.known:,} known, {load.ignored:,} ignored"
    console.print(f"{load.objects:,} objects: {counts}.", markup=False)
    if not is_finished:
        at = f"after {sanitise(load.after)}" if load.after else "before its first position"
        console.print(f"Stopped {at}. The same command goes on there.", markup=False)
