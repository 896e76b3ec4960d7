"""How doctor, status and config print what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from worker.cli.printing import make_console, make_table, sanitise
from worker.operation.finding import Finding, Level
from worker.operation.settings_in_force import SettingInForce
from worker.operation.status import LedgerSummary, Status

_STYLES = {Level.OK: "green", Level.WARNING: "bold yellow", Level.FAILURE: "bold red"}


def print_findings(findings: Sequence[Finding]) -> None:
    """Print each finding with its advice, and how many there are of each level."""
    table = make_table("", "what", "found, and what to do")
    for finding in findings:
        message = Text(sanitise(finding.message))
        if finding.advice:
            message.append(f"\n→ {sanitise(finding.advice)}", "bold")
        level = Text(finding.level.value, _STYLES[finding.level])
        table.add_row(level, Text(sanitise(finding.subject)), message)
    console = make_console()
    console.print(table)
    counts = Counter(finding.level for finding in findings)
    console.print(", ".join(f"{counts[level]} {level}" for level in Level))


def findings_values(findings: Sequence[Finding]) -> dict[str, object]:
    """Findings as plain values, for JSON."""
    counts = Counter(finding.level for finding in findings)
    return {
        "failures": counts[Level.FAILURE],
        "warnings": counts[Level.WARNING],
        "findings": [asdict(finding) for finding in findings],
    }


def print_status(found: Status) -> None:
    """Print the depths of the queues and, where it was counted, the ledger."""
    console = make_console()
    table = make_table("queue", "waiting", "in flight", "delayed")
    for name, depth in (("work", found.queue), ("dead letters", found.dead_letters)):
        table.add_row(name, str(depth.visible), str(depth.in_flight), str(depth.delayed))
    console.print(table)
    if found.ledger is not None:
        console.print(_ledger_table(found.ledger))


def status_values(found: Status) -> dict[str, object]:
    """A status as plain values, for JSON."""
    ledger = found.ledger
    return {
        "queue": asdict(found.queue),
        "dead_letters": asdict(found.dead_letters),
        "ledger": None if ledger is None else _ledger_values(ledger),
    }


def print_settings(settings: Sequence[SettingInForce]) -> None:
    """Print each setting with its value and its origin; those that were set are bold."""
    table = make_table("setting", "value", "from")
    for setting in settings:
        style = "" if setting.source == "default" else "bold"
        value = Text(sanitise(setting.value), style)
        table.add_row(Text(setting.name, style), value, Text(setting.source, "dim"))
    make_console().print(table)


def _ledger_table(ledger: LedgerSummary) -> Table:
    # Every state has a row, also those that no file is in: a missing row would be a question.
    table = make_table("ledger", "files", "reasons")
    for state, count in ledger.states.items():
        reasons = ledger.reasons.get(state, {})
        counts = ", ".join(f"{sanitise(reason)} {times}" for reason, times in reasons.items())
        table.add_row(state.value, str(count), Text(counts))
    table.add_row("index pending", str(ledger.index_pending))
    table.add_row("vectors pending", str(ledger.vectors_pending))
    oldest = ledger.oldest_unfinished
    if oldest is not None:
        text = f"{oldest.file_path or oldest.file_id}, unchanged since {oldest.updated_at}"
        table.add_row("oldest unfinished", "", Text(sanitise(text)))
    return table


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
