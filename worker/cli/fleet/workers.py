"""The command `fleet`: which workers there are, and what they do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer


def fleet(
    *,
    group: Annotated[str | None, typer.Option(help="Only this group; an empty name: those without.")] = None,
    watch: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Report again and again, until Ctrl-C.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show the workers by group: instance, version, lifecycle, what they have in hand, last beat.

    A worker writes its entry every 30 seconds and removes it when it stops; one that was killed, hangs or
    cannot reach the ledger is shown as silent, for a day. With --watch and --json, each report is one line.
    Exit status: 0, 130 after Ctrl-C, 2 when the table cannot be read.

    Example: `. local.env && cis-worker fleet --watch 5`
    """
    from worker.cli.interruption import handle_signals
    from worker.errors import TransientError
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    report = _fleet_report(group, as_json=as_json, is_live=watch is not None)
    if watch is None:
        report()
        return
    with handle_signals() as interruption:
        try:
            while not interruption.is_requested:
                try:
                    report()
                except TransientError as error:
                    typer.echo(f"cis-worker: {error} [{error.code}]", err=True)
                interruption.wait(watch)
        except KeyboardInterrupt:
            pass
    raise typer.Exit(interruption.status)


def _fleet_report(group: str | None, *, as_json: bool, is_live: bool) -> Callable[[], None]:
    """What prints one report."""
    import time

    from worker.aws.clients import make_clients
    from worker.cli.fleet.workers_display import FleetDisplay, fleet_values
    from worker.cli.printing import print_json
    from worker.config import load_settings
    from worker.fleet.fleet_report import read_fleet

    settings = load_settings()
    clients = make_clients(region=settings.aws_region)
    display = FleetDisplay(is_live=is_live)

    def report() -> None:
        groups = read_fleet(settings, clients, now=time.time())
        chosen = tuple(each for each in groups if group is None or each.name == group)
        if as_json:
            print_json(fleet_values(chosen, now=time.time()))
        else:
            display.show(chosen)

    return report
