"""The command `cis-worker`: its sub-commands, and how their errors reach the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from worker.cli.backfill import backfill
from worker.cli.demo import demo
from worker.cli.fleet.scale import scale
from worker.cli.fleet.simulate import simulate
from worker.cli.fleet.workers import fleet
from worker.cli.home.export import export
from worker.cli.home.listing import list_files
from worker.cli.home.publish import publish
from worker.cli.home.show import show
from worker.cli.ingest import ingest
from worker.cli.operator import config, doctor, status
from worker.cli.reconcile import reconcile
from worker.cli.recovery.dead_letters import dlq
from worker.cli.recovery.reindex import reindex
from worker.cli.recovery.rerun import VersionMayBeLeftOut, rerun
from worker.cli.run import init, local, run
from worker.cli.search import search, similar
from worker.errors import Code, WorkerError

app = typer.Typer(
    name="cis-worker",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Any other mode makes `--help` import rich.markdown and Pygments, which costs twice what typer does.
    rich_markup_mode=None,
)
# The list of commands has 45 characters for each; a whole first sentence would be cut.
_SUMMARIES: dict[Callable[..., None], str] = {
    demo: "Run the whole system, and interrupt it.",
    ingest: "Make files and folders searchable.",
    search: "Find files by their text, name or path.",
    show: "Show what the index holds of one file.",
    similar: "Find pictures that resemble one.",
    export: "Write the text of a home to files.",
    publish: "Carry a home to a fleet, without OCR.",
    run: "Run the worker.",
    init: "Create queues, buckets, table and indices.",
    local: "Run the embedded stack until Ctrl-C.",
    doctor: "Check what the worker needs.",
    status: "Report queue depths and file states.",
    scale: "Scale the workers' Auto Scaling group.",
    config: "Print the settings in force.",
    reconcile: "Compare a bucket with ledger and index.",
    reindex: "Make the index anew from what is stored.",
    backfill: "Queue the files of a filled bucket.",
    simulate: "Plan a fleet: delays and costs of policies.",
    fleet: "Show the workers and their groups.",
}
# -word excludes a word; what begins with two dashes and is no option the command itself refuses.
_CONTEXTS: dict[Callable[..., None], dict[str, object]] = {search: {"ignore_unknown_options": True}}
for command, summary in _SUMMARIES.items():
    app.command(short_help=summary, context_settings=_CONTEXTS.get(command))(command)
app.command("list", short_help="List the files of a home, and their fate.")(list_files)
app.command(short_help="Have files of the ledger processed again.", cls=VersionMayBeLeftOut)(rerun)
app.add_typer(dlq)


def _print_version(requested: bool) -> None:
    if requested:
        # Reading the metadata of a package takes 0.1 s of CPU.
        from importlib.metadata import version

        typer.echo(f"cis-worker {version('cis-worker')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Document-ingestion worker: queue events in, searchable text, thumbnails and vectors out."""


def main() -> None:
    """Run the command line; an error the user can meet is one line, without a traceback."""
    try:
        app()
    except WorkerError as error:
        typer.echo(f"cis-worker: {error} [{error.code}]", err=True)
        # As `search` without a hit, and grep: 1 says that nothing is wrong but that it is not there.
        sys.exit(1 if error.code is Code.NOT_FOUND else 2)
