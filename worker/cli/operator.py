"""The operator's commands: doctor, status, config."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from worker.cli.printing import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def doctor(
    deadline_s: Annotated[
        float, typer.Option("--deadline", min=1, max=600, help="Seconds a check may take.")
    ] = 20.0,
    as_json: AsJson = False,
) -> None:
    """Check what the worker needs (programs, queues, buckets, table, index, models), and say what to do.

    Only a probe object `doctor/...` in the results bucket is written; it is deleted again.

    Exit status: 0 when the worker can run (warnings too), 1 when a check failed, 2 for wrong settings.

    Example: `. local.env && cis-worker doctor`
    """
    from worker.cli.operator_display import findings_values, print_findings
    from worker.config import load_settings
    from worker.operation.doctor import all_checks, run_checks
    from worker.operation.finding import Level
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    findings = run_checks(all_checks(load_settings()), deadline_s=deadline_s)
    if as_json:
        print_json(findings_values(findings))
    else:
        print_findings(findings)
    raise typer.Exit(1 if any(finding.level is Level.FAILURE for finding in findings) else 0)


def status(
    ledger: Annotated[bool, typer.Option(help="Count the ledger too; that reads all of the table.")] = True,
    as_json: AsJson = False,
) -> None:
    """Report how many messages wait in the queues and in which state the files are.

    Exit status: 0, or 2 when queue or table cannot be read.

    Example: `. local.env && cis-worker status --json`
    """
    from worker.aws.clients import make_clients
    from worker.cli.operator_display import print_status, status_values
    from worker.config import load_settings
    from worker.operation.status import read_status
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    settings = load_settings()
    found = read_status(settings, make_clients(region=settings.aws_region), ledger=ledger)
    if as_json:
        print_json(status_values(found))
    else:
        print_status(found)


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
