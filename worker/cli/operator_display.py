"""How doctor, status and config print what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.printing import make_console, make_table, sanitise
from worker.operation.failures import FailureReport
from worker.operation.finding import Finding, Level
from worker.operation.settings_in_force import SettingInForce
from worker.operation.status import LedgerSummary, Status
from worker.runtime.remedies import remedy

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


def print_settings(settings: Sequence[SettingInForce]) -> None:
    """Print each setting with its value and its origin; those that were set are bold."""
    table = make_table("setting", "value", "from")
    for setting in settings:
        style = "" if setting.source == "default" else "bold"
        value = Text(sanitise(setting.value), style)
        table.add_row(Text(setting.name, style), value, Text(setting.source, "dim"))
    make_console().print(table)


class StatusDisplay:
    """Shows one report, or with `is_live` one after the other.

    Those take each other's place on a terminal, and are one line each where the output is a file or a pipe.
    """

    def __init__(self, *, is_live: bool, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._is_live = is_live
        self._now = now
        self._console = make_console()

    def show(self, found: Status) -> None:
        """Print one report."""
        if not self._is_live:
            print_status(self._console, found, now=self._now())
        elif self._console.is_terminal:
            self._console.clear()
            self._console.print(Text(f"{self._now():%H:%M:%S} UTC; Ctrl-C ends this", "dim"))
            print_status(self._console, found, now=self._now())
        else:
            self._console.print(Text(status_line(found, now=self._now())), soft_wrap=True)


def status_line(found: Status, *, now: datetime) -> str:
    """A report in one line, for a log."""
    parts = [
        f"{now.isoformat(timespec='seconds')}",
        f"queue {found.queue.visible} waiting, {found.queue.in_flight} in flight",
        f"dead letters {found.dead_letters.visible}",
    ]
    if found.index_problem:
        parts.append(f"index: {found.index_problem}")
    if found.ledger is not None:
        parts += [f"{state.value} {count}" for state, count in found.ledger.states.items() if count]
        parts += [f"{name} {age}" for name, age in _ages(found.ledger, now).items() if age is not None]
    if found.failures is not None:
        parts += [
            f"{state.value} {reason} {count}" for (state, reason), count in found.failures.counts.items()
        ]
    return "; ".join(map(sanitise, parts))


def print_status(console: Console, found: Status, *, now: datetime) -> None:
    """Print the depths of the queues and, where it was counted, the ledger with its failures."""
    table = make_table("queue", "waiting", "in flight", "delayed")
    for name, depth in (("work", found.queue), ("dead letters", found.dead_letters)):
        table.add_row(name, str(depth.visible), str(depth.in_flight), str(depth.delayed))
    console.print(table)
    if found.index_problem:
        console.print(Text(sanitise(f"index: {found.index_problem}"), "bold red"))
    if found.ledger is not None:
        console.print(_ledger_table(found.ledger, now))
    if found.failures is not None:
        _print_failures(console, found.failures)


def status_values(found: Status, *, now: datetime) -> dict[str, object]:
    """A status as plain values, for JSON."""
    ledger, report = found.ledger, found.failures
    failures = {}
    if report is not None:
        counts = [
            {"state": state.value, "reason": reason, "files": files}
            for (state, reason), files in report.counts.items()
        ]
        failures = {"failure_counts": counts, "failures": [asdict(each) for each in report.failures]}
    return {
        "queue": asdict(found.queue),
        "dead_letters": asdict(found.dead_letters),
        "index_problem": found.index_problem,
        "ledger": None if ledger is None else _ledger_values(ledger, now),
        **failures,
    }


def _print_failures(console: Console, report: FailureReport) -> None:
    """Print the files that lack something, and below what to do about each reason."""
    if not report.counts:
        console.print("No failures.")
        return
    table = make_table("when (UTC)", "state", "reason", "file, and what happened")
    for failure in report.failures:
        story = Text(sanitise(failure.file_path), "bold").append(f"\n{sanitise(failure.message)}", "not bold")
        when = failure.when[:16].replace("T", " ")
        table.add_row(when, failure.state.value, Text(sanitise(failure.reason)), story)
    console.print(table)
    total = sum(report.counts.values())
    if total > len(report.failures):
        console.print(f"{len(report.failures):,} of {total:,} are shown; --limit shows more.")
    reasons: Counter[str] = Counter()
    for (_, reason), files in report.counts.items():
        reasons[reason] += files
    for reason, files in reasons.most_common():
        console.print(Text(f"{files:,} {sanitise(reason)}: {remedy(reason)}"), soft_wrap=True)


def _ages(ledger: LedgerSummary, now: datetime) -> dict[str, str | None]:
    """How old the oldest message and event of unfinished files are."""
    return {
        "oldest message": _age(ledger.oldest_message_ms, now),
        "oldest event": _age(ledger.oldest_event_ms, now),
    }


def _age(at_ms: int, now: datetime) -> str | None:
    return str(timedelta(seconds=round(_age_s(at_ms, now) or 0))) if at_ms else None


def _age_s(at_ms: int, now: datetime) -> float | None:
    return round(max(0.0, now.timestamp() - at_ms / 1000), 1) if at_ms else None


def _ledger_table(ledger: LedgerSummary, now: datetime) -> Table:
    # Every state has a row, also those that no file is in: a missing row would be a question.
    table = make_table("ledger", "files", "reasons")
    for state, count in ledger.states.items():
        reasons = ledger.reasons.get(state, {})
        counts = ", ".join(f"{sanitise(reason)} {times}" for reason, times in reasons.items())
        table.add_row(state.value, str(count), Text(counts))
    table.add_row("index pending", str(ledger.index_pending))
    table.add_row("vectors pending", str(ledger.vectors_pending))
    for name, age in _ages(ledger, now).items():
        if age is not None:
            table.add_row(name, "", f"{age} old")
    oldest = ledger.oldest_unfinished
    if oldest is not None:
        text = f"{oldest.file_path or oldest.file_id}, unchanged since {oldest.updated_at}"
        table.add_row("oldest unfinished", "", Text(sanitise(text)))
    return table


def _ledger_values(ledger: LedgerSummary, now: datetime) -> dict[str, object]:
    oldest = ledger.oldest_unfinished
    return {
        "states": ledger.states,
        "reasons": ledger.reasons,
        "index_pending": ledger.index_pending,
        "vectors_pending": ledger.vectors_pending,
        "oldest_message_age_s": _age_s(ledger.oldest_message_ms, now),
        "oldest_event_age_s": _age_s(ledger.oldest_event_ms, now),
        "oldest_unfinished": None
        if oldest is None
        else {
            "file_id": oldest.file_id,
            "file_path": oldest.file_path,
            "owner": oldest.owner,
            "updated_at": oldest.updated_at,
        },
    }
