"""How `scale` prints a run: a table on a terminal, a line in a loop, a log or a pipe, or JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.text import Text

from worker.cli.printing import make_console, make_table, print_json, sanitise
from worker.fleet.decision import Action
from worker.fleet.scaling_manager import ScalingEvaluation, ScalingResult

_DRY_RUN = "DRY_RUN"
_STYLES = {Action.SCALE_OUT: "bold yellow", Action.SCALE_IN: "bold cyan", Action.NONE: "green"}


@dataclass(kw_only=True, slots=True)
class ScaleDisplay:
    """Shows runs; without a result they were dry. Warnings go to the standard error output, each once."""

    policy: str
    is_dry_run: bool = False
    as_json: bool = False
    is_loop: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    console: Console = field(default_factory=make_console)
    _warned: set[str] = field(default_factory=set)

    def show(self, evaluation: ScalingEvaluation, result: ScalingResult | None) -> None:
        """Print one run."""
        if self.as_json:
            print_json(self.values(evaluation, result))
            return
        if self.console.is_terminal and not self.is_loop:
            self._print_table(evaluation, result)
        else:
            self.console.print(Text(self._line(evaluation, result)), soft_wrap=True)
        for warning in evaluation.warnings:
            if warning not in self._warned:
                typer.echo(f"cis-worker: {warning}", err=True)
                self._warned.add(warning)

    def values(self, evaluation: ScalingEvaluation, result: ScalingResult | None) -> dict[str, object]:
        """A run as plain values, for JSON."""
        pages = evaluation.pages
        return {
            "time": self.now().isoformat(timespec="seconds"),
            "group": evaluation.group,
            "policy": self.policy,
            "action": evaluation.action.value,
            "current_queue_depth": evaluation.current_queue_depth,
            "in_flight": evaluation.in_flight,
            "current_capacity": evaluation.current_capacity,
            "desired_capacity": evaluation.desired_capacity,
            "reason": evaluation.reason,
            "status": result.status if result else _DRY_RUN,
            "message": result.message if result else "",
            "workers": evaluation.workers,
            "pages_per_document": round(pages.mean, 2) if pages else None,
            "pages_deviation": round(pages.deviation, 2) if pages else None,
            "instance_pages_per_minute": evaluation.instance_pages_per_minute,
            "warnings": list(evaluation.warnings),
        }

    def _line(self, evaluation: ScalingEvaluation, result: ScalingResult | None) -> str:
        ending = f"{result.status}: {result.message}" if result else "dry run, nothing was done."
        if result and result.message == evaluation.reason:
            ending = result.status
        return sanitise(
            f"{self.now().isoformat(timespec='seconds')} {evaluation.group}: {_change(evaluation)}; "
            f"{evaluation.reason} {ending}"
        )

    def _print_table(self, evaluation: ScalingEvaluation, result: ScalingResult | None) -> None:
        table = make_table("", "")
        table.show_header = False
        waiting = f"{evaluation.current_queue_depth} waiting, {evaluation.in_flight} in flight"
        table.add_row("group", sanitise(evaluation.group))
        table.add_row("queue", waiting)
        if evaluation.workers is not None:
            table.add_row("workers", str(evaluation.workers))
        if (pages := evaluation.pages) is not None:
            rate = f"{evaluation.instance_pages_per_minute:.0f} a minute an instance"
            table.add_row("pages", f"{pages.mean:.1f} ± {pages.deviation:.1f} a document, {rate}")
        table.add_row("capacity", Text(_change(evaluation), _STYLES[evaluation.action]))
        table.add_row("why", Text(sanitise(evaluation.reason)))
        ending = f"{result.status}: {result.message}" if result else "dry run: nothing was done"
        if result is None or result.message != evaluation.reason:
            table.add_row("done", Text(sanitise(ending)))
        self.console.print(table)


def _change(evaluation: ScalingEvaluation) -> str:
    if evaluation.action is Action.NONE:
        return f"{evaluation.action} at {evaluation.current_capacity}"
    return f"{evaluation.action} from {evaluation.current_capacity} to {evaluation.desired_capacity}"
