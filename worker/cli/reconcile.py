"""The command that compares a bucket with ledger and index: reconcile."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import print_json

if TYPE_CHECKING:
    from worker.aws.clients import Clients
    from worker.cli.interruption import Interruption
    from worker.config import Settings
    from worker.maintenance.reconcile import Reconcile
    from worker.maintenance.sweep import ReconcileRequest

_STOPPED = 130


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Restart = Annotated[bool, typer.Option("--restart", help="Begin anew where an earlier run was stopped.")]
_Fix = Annotated[bool, typer.Option("--fix", help="Queue what differs, and purge what is left over.")]
_UnfinishedAfter = Annotated[
    float, typer.Option(min=0, metavar="HOURS", help="Hours without a change that make a file unfinished.")
]


def reconcile(
    location: Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="The files to compare.")],
    *,
    fix: _Fix = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; this is the default.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, help="Checks and events a second, at most.")] = 200.0,
    unfinished_after: _UnfinishedAfter = 6.0,
    restart: Restart = False,
    as_json: AsJson = False,
) -> None:
    """Compare the objects of a bucket with ledger and index: what is missing, stale, orphaned, unfinished.

    With --fix an event is queued for each difference, and the workers settle it. Tombstones past their
    retention, and stored content that no file has any more, are purged, too. A run that was stopped or
    killed goes on where it was.

    Exit status: 0 when nothing differs or all is queued, 1 when something differs, 2 for wrong settings or
    an unreachable service, 130 after Ctrl-C.

    Example: `cis-worker reconcile s3://documents/sales/ --fix`
    """
    from worker.aws.clients import make_clients
    from worker.cli.interruption import handle_signals
    from worker.cli.sweep_display import print_reconcile
    from worker.config import load_settings
    from worker.maintenance.sweep import ReconcileRequest
    from worker.maintenance.sweep_stores import parse_location, snapshot_folder, tombstone_retention
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    if fix and dry_run:
        raise typer.BadParameter("--fix and --dry-run exclude each other")
    settings = load_settings()
    bucket, prefix = parse_location(location, settings)
    clients = make_clients(region=settings.aws_region)
    request = ReconcileRequest(
        bucket=bucket,
        prefix=prefix,
        snapshots=snapshot_folder(settings),
        is_fix=fix,
        is_restart=restart,
        unfinished_after=timedelta(hours=unfinished_after),
        tombstone_retention=tombstone_retention(settings, clients),
    )
    with handle_signals() as interruption:
        run, is_finished = _run(settings, clients, request, interruption, rate)
    (_print_json if as_json else print_reconcile)(request, run, is_finished=is_finished)
    if not is_finished:
        raise typer.Exit(interruption.status or _STOPPED)
    raise typer.Exit(int(bool(run.tally.total) and not fix))


def _print_json(request: ReconcileRequest, run: Reconcile, *, is_finished: bool) -> None:
    from worker.cli.sweep_display import reconcile_values

    print_json(reconcile_values(request, run, is_finished=is_finished))


def _run(
    settings: Settings, clients: Clients, request: ReconcileRequest, interruption: Interruption, rate: float
) -> tuple[Reconcile, bool]:
    """The run, and whether it came to its end."""
    from worker.cli.sweep_display import SweepDisplay
    from worker.maintenance.outages import run_to_end
    from worker.maintenance.pace import Pace
    from worker.maintenance.reconcile import Reconcile
    from worker.maintenance.sweep_stores import make_stores
    from worker.services import open_index

    wait = interruption.wait
    with closing(open_index(settings, wait=wait)) as index, SweepDisplay() as display:

        def start(is_first: bool) -> Reconcile:
            run = Reconcile(
                make_stores(settings, clients, index, request.bucket),
                request if is_first else replace(request, is_restart=False),
                pace=Pace(rate, wait=wait),
                report=display.report,
                now=lambda: datetime.now(UTC),
            )
            display.resumed(run.resumed_after)
            return run

        return run_to_end(start, wait=wait, report=display.outage)
