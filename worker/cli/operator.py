"""The operator's commands: doctor, status, config."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from worker.cli.home.opening import HomeOption, home_folder, home_or_fleet
from worker.cli.printing import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def doctor(
    deadline_s: Annotated[
        float, typer.Option("--deadline", min=1, max=600, help="Seconds a check may take.")
    ] = 20.0,
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Check what the worker needs (programs, queues, buckets, table, index, models), and say what to do.

    With a home only what `ingest` needs is checked: this machine and the home, nothing of AWS.
    Only a probe object `doctor/...` in the results bucket is written; it is deleted again.

    Exit status: 0 when the worker can run (warnings too), 1 when a check failed, 2 for wrong settings.

    Example: `. local.env && cis-worker doctor`
    """
    from worker.cli.operator_display import findings_values, print_findings
    from worker.config import load_settings
    from worker.home.home_checks import home_checks
    from worker.operation.doctor import all_checks, run_checks
    from worker.operation.finding import Level
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    settings = load_settings()
    checks = all_checks(settings) if home is None else home_checks(settings, home_folder(home))
    findings = run_checks(checks, deadline_s=deadline_s)
    if as_json:
        print_json(findings_values(findings))
    else:
        print_findings(findings)
    raise typer.Exit(1 if any(finding.level is Level.FAILURE for finding in findings) else 0)


def status(
    *,
    ledger: Annotated[bool, typer.Option(help="Count the ledger too; that reads all of the table.")] = True,
    failures: Annotated[
        bool, typer.Option("--failures", help="Name the files that lack something, and what to do.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most files that --failures names.")] = 50,
    watch: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Report again and again, until Ctrl-C.")
    ] = None,
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Report how many messages wait in the queues and in which state the files are.

    With a home its files are counted by state and reason; `cis-worker list` names them. Without one, the home
    in the user's data folder is reported where the settings name no queue.

    The oldest message is the one that workers have had longest without an end; how old those are that no
    worker has received yet cannot be known without receiving them. With --watch and --json, each report is
    one line.
    Exit status: 0, 130 after Ctrl-C, 2 when queue or table cannot be read.

    Example: `. local.env && cis-worker status --failures --watch 10`
    """
    from worker.cli.home.home_status import print_home_status
    from worker.cli.interruption import handle_signals
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    at_home = home_or_fleet(home)
    report = (
        _status_report(
            ledger=ledger,
            failures=limit if failures else None,
            as_json=as_json,
            is_live=watch is not None,
        )
        if at_home is None
        else partial(print_home_status, at_home, as_json=as_json)
    )
    if watch is None:
        report()
        return
    with handle_signals() as interruption:
        try:
            while not interruption.is_requested:
                _try(report)
                interruption.wait(watch)
        except KeyboardInterrupt:
            pass
    raise typer.Exit(interruption.status)


def _status_report(*, ledger: bool, failures: int | None, as_json: bool, is_live: bool) -> Callable[[], None]:
    """What prints one report."""
    from datetime import UTC, datetime

    from worker.aws.clients import make_clients
    from worker.cli.operator_display import StatusDisplay, status_values
    from worker.config import load_settings
    from worker.operation.status import read_status

    settings = load_settings()
    clients = make_clients(region=settings.aws_region)
    display = StatusDisplay(is_live=is_live)

    def report() -> None:
        found = read_status(settings, clients, ledger=ledger, failures=failures)
        if as_json:
            print_json(status_values(found, now=datetime.now(UTC)))
        else:
            display.show(found)

    return report


def _try(report: Callable[[], None]) -> None:
    """Print a report; an unavailable service does not end a watch."""
    from worker.errors import TransientError

    try:
        report()
    except TransientError as error:
        typer.echo(f"cis-worker: {error} [{error.code}]", err=True)


def config(as_json: AsJson = False) -> None:
    """Print the settings in force, and whether the environment or a default gave them; secrets are hidden.

    Exit status: 0, or 2 when a setting is wrong.

    Example: `CIS_LANGUAGES=jpn cis-worker config`
    """
    from worker.cli.operator_display import print_settings
    from worker.config import load_settings
    from worker.operation.settings_in_force import settings_in_force

    settings = settings_in_force(load_settings())
    if as_json:
        print_json({"settings": [asdict(setting) for setting in settings]})
    else:
        print_settings(settings)
