"""How `fleet` prints its groups and workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Group
from rich.text import Text

from worker.cli.printing import make_console, make_table, sanitise
from worker.fleet.fleet_report import GroupReport, WorkerReport

_NOBODY = "No worker is registered: none runs on this table, or all have stopped."
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


class FleetDisplay:
    """Shows one report, or with `is_live` one after the other: in place on a terminal, else one line each."""

    def __init__(self, *, is_live: bool, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._is_live = is_live
        self._now = now
        self._console = make_console()

    def show(self, groups: Sequence[GroupReport]) -> None:
        """Print one report."""
        if self._is_live and not self._console.is_terminal:
            self._console.print(Text(fleet_line(groups, now=self._now())), soft_wrap=True)
            return
        if self._is_live:
            self._console.clear()
            self._console.print(Text(f"{self._now():%H:%M:%S} UTC; Ctrl-C ends this", "dim"))
        if not groups:
            self._console.print(Text(_NOBODY))
        for group in groups:
            self._console.print(_group(group))


def fleet_line(groups: Sequence[GroupReport], *, now: datetime) -> str:
    """A report in one line, for a log."""
    parts = [now.isoformat(timespec="seconds")]
    parts += [f"{sanitise(_name(group))}: {_summary(group)}" for group in groups]
    return "; ".join(parts if groups else [*parts, _NOBODY])


def fleet_values(groups: Sequence[GroupReport], *, now: float) -> dict[str, object]:
    """A report as plain values, for JSON."""
    return {
        "at": round(now),
        "workers": sum(len(group.live) for group in groups),
        "silent": sum(len(group.workers) - len(group.live) for group in groups),
        "groups": [
            {
                "group": group.name,
                "documents": group.documents,
                "pages": group.pages,
                "pages_per_minute": group.pages_per_minute,
                "last_hour": {name: round(value, 2) for name, value in asdict(group.last_hour).items()},
                "workers": [_worker_values(worker) for worker in group.workers],
            }
            for group in groups
        ],
    }


def _worker_values(worker: WorkerReport) -> dict[str, Any]:
    return {**asdict(worker.row), "beat_age_s": worker.beat_age_s, "is_silent": worker.is_silent}


def _group(group: GroupReport) -> Group:
    # What a terminal of 80 columns has room for; --json has all.
    table = make_table("worker", "instance", "version", "state", "docs", "pages", "p/min", "beat")
    for column in table.columns[4:]:
        column.justify = "right"
        column.no_wrap = True
    for worker in group.workers:
        row = worker.row
        table.add_row(
            Text(sanitise(row.worker)),
            Text(sanitise(row.instance + (f" ({row.instance_lifecycle})" if row.instance_lifecycle else ""))),
            Text(sanitise(row.version)),
            Text("silent", "bold red") if worker.is_silent else Text(sanitise(row.lifecycle)),
            str(row.documents),
            str(row.pages),
            f"{row.pages_per_minute:g}",
            Text(_age(worker.beat_age_s), "bold red" if worker.is_silent else ""),
            style="dim" if worker.is_silent else "",
        )
    return Group(Text(sanitise(f"{_name(group)}: {_summary(group)}"), "bold"), table)


def _name(group: GroupReport) -> str:
    return group.name or "(no group)"


def _summary(group: GroupReport) -> str:
    silent = len(group.workers) - len(group.live)
    hour = group.last_hour
    parts = [
        f"{_plural(len(group.live), 'worker')}{f' and {silent} silent' if silent else ''}",
        f"{_plural(group.documents, 'document')} and {_plural(group.pages, 'page')} in hand",
        f"{group.pages_per_minute:g} pages/min",
    ]
    if hour.documents:
        parts.append(
            f"last hour {_plural(hour.documents, 'document')} of {hour.mean:.1f} ± "
            f"{hour.standard_deviation:.1f} pages"
        )
    return ", ".join(parts)


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _age(seconds: int) -> str:
    return next((f"{seconds // size_s}{unit}" for size_s, unit in _UNITS if seconds >= size_s), f"{seconds}s")
