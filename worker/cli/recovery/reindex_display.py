"""How reindex shows its progress, and what it prints at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from worker.cli.printing import make_console, sanitise
from worker.cli.progress_line import ProgressLine, describe

if TYPE_CHECKING:
    from worker.errors import WorkerError
    from worker.maintenance.progress import Progress
    from worker.maintenance.reindex.reindex import ReindexResult

_PHASES = {
    "fill": "filling the new index",
    "catch_up": "catching up",
    "last": "comparing both indices",
}


class ReindexDisplay:
    """Progress on standard error: one line that changes on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._line = ProgressLine()

    def report(self, phase: str, progress: Progress) -> None:
        """Show how far a pass is; files come and go meanwhile."""
        self._line.show(_PHASES.get(phase, phase), describe(progress, about="about "))

    def outage(self, error: WorkerError) -> None:
        """Say what is waited for."""
        self._line.say(f"{sanitise(str(error))} Trying again in a while.")

    def __enter__(self) -> Self:
        self._line.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.__exit__()


def result_values(command: str, result: ReindexResult) -> dict[str, Any]:
    """The result as values of JSON."""
    old, new = result.live
    return {
        "command": command,
        "from": result.old or None,
        "to": result.new,
        "files_from": old,
        "files_to": new,
        "written": result.made,
        "newer": result.ahead,
        "missing": result.behind,
        "by_name_only": sorted(result.refused),
        "switched": result.is_switched,
        "needless": result.is_needless,
        "complete": result.is_complete,
    }


def print_result(command: str, result: ReindexResult, *, is_stopped: bool) -> None:
    """Print what was done, and what to do next."""
    console = make_console()
    for line in _LINES[command](result, is_stopped):
        console.print(line, markup=False)


def _run_lines(result: ReindexResult, is_stopped: bool) -> list[str]:
    if result.is_needless:
        return [f"{result.new} is as this program makes it; --force makes it anew."]
    if is_stopped:
        place = f"{result.new} is searched already" if result.is_switched else "nothing was switched"
        return [f"Stopped: {place}. The same command goes on where it was."]
    lines = [f"{result.old} has {result.live[0]:,} files, {result.new} has {result.live[1]:,}."]
    if result.ahead:
        lines.append(f"Of {result.ahead:,} files the new one has later news.")
    if result.refused:
        lines.append(
            f"{len(result.refused):,} files are found by their name only (index_rejected): "
            f"{', '.join(sorted(result.refused)[:5])}."
        )
    if not result.is_complete:
        return [*lines, f"{result.new} is searched, and lacks files: run the same command again."]
    return [
        *lines,
        f"{result.new} is searched. --rollback goes back to {result.old}, --remove-old deletes it.",
    ]


def _roll_back_lines(result: ReindexResult, _is_stopped: bool) -> list[str]:
    lines = [f"{result.new} is searched and written to again."]
    if not result.is_complete:
        lines.append("Stopped before it had what came since.")
    if result.behind or not result.is_complete:
        number = f"{result.behind:,} files of it are" if result.behind else "Files may be"
        lines.append(
            f"{number} older than the ledger says: `cis-worker reconcile s3://BUCKET/ --fix` queues them for "
            "the workers."
        )
    return lines


def _remove_old_lines(result: ReindexResult, _is_stopped: bool) -> list[str]:
    return [f"{result.old} is deleted; {result.new} is searched."]


_LINES = {"run": _run_lines, "roll_back": _roll_back_lines, "remove_old": _remove_old_lines}
