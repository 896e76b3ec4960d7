"""The command that loads a bucket for the first time: backfill."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import print_json
from worker.cli.reconcile import AsJson, Restart

if TYPE_CHECKING:
    from worker.aws.clients import Clients
    from worker.cli.interruption import Interruption
    from worker.config import Settings
    from worker.maintenance.backfill import Backfill, BackfillRequest

_STOPPED = 130


_Rate = Annotated[
    float | None, typer.Option(min=0.1, help="Events a second, at most; as fast as it goes if not given.")
]
_WaitLimit = Annotated[
    float, typer.Option(min=0, metavar="HOURS", help="Hours to wait for a queue that stays full.")
]
_Count = Annotated[bool, typer.Option(help="Count the objects first, to know how long it will take.")]


def backfill(
    location: Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="The files to load.")],
    *,
    depth: Annotated[int, typer.Option(min=1, help="Messages that may wait in the queue.")] = 10_000,
    rate: _Rate = None,
    wait_limit: _WaitLimit = 24.0,
    count: _Count = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count files and bytes.")] = False,
    restart: Restart = False,
    as_json: AsJson = False,
) -> None:
    """Queue the files of a bucket that the ledger does not have yet, and keep the queue short.

    Files that are processed in their current version are skipped, and so are folders and what the
    settings refuse. A run that was stopped or killed goes on where it was; what it queues twice is
    processed once.

    Exit status: 0, 2 for wrong settings or an unreachable service, 130 after Ctrl-C.

    Example: `cis-worker backfill s3://documents/ --depth 5000`
    """
    from worker.aws.clients import make_clients
    from worker.cli.interruption import handle_signals
    from worker.cli.sweep_display import backfill_values, print_backfill
    from worker.config import load_settings, require
    from worker.maintenance.backfill import BackfillRequest
    from worker.maintenance.sweep_stores import parse_location
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    settings = load_settings()
    require(settings, "queue_url", "results_bucket", "file_table")
    bucket, prefix = parse_location(location, settings)
    request = BackfillRequest(
        bucket=bucket,
        prefix=prefix,
        depth=depth,
        wait_limit_s=wait_limit * 3600,
        is_counting=count,
        is_dry_run=dry_run,
        is_restart=restart,
    )
    clients = make_clients(region=settings.aws_region)
    with handle_signals() as interruption:
        run, is_finished = _run(settings, clients, request, interruption, rate)
    if as_json:
        print_json(backfill_values(request, run, is_finished=is_finished))
    else:
        print_backfill(request, run, is_finished=is_finished)
    raise typer.Exit(0 if is_finished else interruption.status or _STOPPED)


def _run(
    settings: Settings,
    clients: Clients,
    request: BackfillRequest,
    interruption: Interruption,
    rate: float | None,
) -> tuple[Backfill, bool]:
    """The run, and whether it came to its end."""
    from worker.aws.scans.event_sender import EventSender
    from worker.aws.scans.object_listing import ObjectListing
    from worker.aws.scans.row_scan import RowScan
    from worker.cli.sweep_display import SweepDisplay
    from worker.maintenance.backfill import Backfill, Pacing
    from worker.maintenance.outages import run_to_end
    from worker.maintenance.pace import Pace
    from worker.maintenance.position import PositionStore
    from worker.maintenance.sweep_stores import make_storage

    wait = interruption.wait
    positions = PositionStore(
        storage=make_storage(settings, clients),
        command="backfill",
        bucket=request.bucket,
        prefix=request.prefix,
    )
    with SweepDisplay() as display:

        def start(is_first: bool) -> Backfill:
            run = Backfill(
                request if is_first else replace(request, is_restart=False),
                objects=ObjectListing(client=clients.s3, bucket=request.bucket),
                scan=RowScan(client=clients.dynamodb, table=settings.file_table),
                sender=EventSender(client=clients.sqs, queue_url=settings.queue_url),
                positions=positions,
                pacing=Pacing(pace=Pace(rate, wait=wait), wait=wait, report=display.report),
            )
            display.resumed(run.resumed_after)
            return run

        return run_to_end(start, wait=wait, report=display.outage)
