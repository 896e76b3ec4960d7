"""The operator's commands: doctor, status, config."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.aws.clients import make_clients
from worker.cli.printing import plain, print_json
from worker.config import load_settings
from worker.operation.doctor import all_checks, examine
from worker.operation.finding import Finding, Level
from worker.operation.settings_in_force import settings_in_force
from worker.operation.status import LedgerSummary, Status, read_status
from worker.runtime import log

_STYLES = {Level.OK: "green", Level.WARNING: "bold yellow", Level.FAILURE: "bold red"}
_PLAIN_WIDTH = 160

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def doctor(
    deadline_s: Annotated[
        float, typer.Option("--deadline", min=1, max=600, help="Seconds a check may take.")
    ] = 20.0,
    as_json: AsJson = False,
) -> None:
    """Check what the worker needs (programs, queues, buckets, table, index, models), and say what to do.

    Only a probe object `doctor/...` in the results bucket is written; it is deleted again.

    Exit status: 0 when the worker can work (warnings too), 1 when a check failed, 2 for wrong settings.

    Example: `. local.env && cis-worker doctor`
    """
    log.configure("error", stream=sys.stderr)
    findings = examine(all_checks(load_settings()), deadline_s=deadline_s)
    counts = Counter(finding.level for finding in findings)
    if as_json:
        print_json(
            {
                "failures": counts[Level.FAILURE],
                "warnings": counts[Level.WARNING],
                "findings": [asdict(finding) for finding in findings],
            }
        )
    else:
        console = _console()
        console.print(_findings(findings))
        console.print(", ".join(f"{counts[level]} {level}" for level in Level))
    raise typer.Exit(1 if counts[Level.FAILURE] else 0)


def status(
    ledger: Annotated[bool, typer.Option(help="Count the ledger too; that reads all of the table.")] = True,
    as_json: AsJson = False,
) -> None:
    """Tell what waits in the queues and what became of the files.

    Exit status: 0, or 2 when queue or table cannot be asked.

    Example: `. local.env && cis-worker status --json`
    """
    log.configure("error", stream=sys.stderr)
    settings = load_settings()
    clients = make_clients(region=settings.aws_region)
    found = read_status(settings, clients, ledger=ledger)
    if as_json:
        print_json(_status_values(found))
        return
    console = _console()
    console.print(_queue_table(found))
    if found.ledger is not None:
        console.print(_ledger_table(found.ledger))


def config(as_json: AsJson = False) -> None:
    """Print the settings in force, and whether the environment or a default gave them; secrets are hidden.

    Exit status: 0, or 2 when a setting is wrong.

    Example: `CIS_LANGUAGES=jpn cis-worker config`
    """
    settings = settings_in_force(load_settings())
    if as_json:
        print_json({"settings": [asdict(setting) for setting in settings]})
        return
    table = _table("setting", "value", "from")
    for setting in settings:
        style = "" if setting.source == "default" else "bold"
        table.add_row(
            Text(setting.name, style), Text(plain(setting.value), style), Text(setting.source, "dim")
        )
    _console().print(table)


def _console() -> Console:
    """Standard output; a file or a pipe has room for a table."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _findings(findings: list[Finding]) -> Table:
    table = _table("", "what", "found, and what to do")
    for finding in findings:
        told = Text(plain(finding.message))
        if finding.advice:
            told.append(f"\n→ {plain(finding.advice)}", "bold")
        table.add_row(Text(finding.level.value, _STYLES[finding.level]), Text(plain(finding.subject)), told)
    return table


def _queue_table(found: Status) -> Table:
    table = _table("queue", "waiting", "in flight", "delayed")
    for name, depth in (("work", found.queue), ("dead letters", found.dead_letters)):
        table.add_row(name, str(depth.visible), str(depth.in_flight), str(depth.delayed))
    return table


def _ledger_table(ledger: LedgerSummary) -> Table:
    table = _table("ledger", "files", "reasons")
    for state, count in ledger.states.items():
        reasons = ledger.reasons.get(state, {})
        told = ", ".join(f"{plain(reason)} {times}" for reason, times in reasons.items())
        table.add_row(state.value, str(count), Text(told))
    table.add_row("index pending", str(ledger.index_pending))
    table.add_row("vectors pending", str(ledger.vectors_pending))
    oldest = ledger.oldest_unfinished
    if oldest is not None:
        told = f"{oldest.file_path or oldest.file_id}, unchanged since {oldest.updated_at}"
        table.add_row("oldest unfinished", "", Text(plain(told)))
    return table


def _status_values(found: Status) -> dict[str, object]:
    ledger = found.ledger
    return {
        "queue": asdict(found.queue),
        "dead_letters": asdict(found.dead_letters),
        "ledger": None if ledger is None else _ledger_values(ledger),
    }


def _ledger_values(ledger: LedgerSummary) -> dict[str, object]:
    oldest = ledger.oldest_unfinished
    return {
        "states": ledger.states,
        "reasons": ledger.reasons,
        "index_pending": ledger.index_pending,
        "vectors_pending": ledger.vectors_pending,
        "oldest_unfinished": None
        if oldest is None
        else {
            "file_id": oldest.file_id,
            "file_path": oldest.file_path,
            "owner": oldest.owner,
            "updated_at": oldest.updated_at,
        },
    }
