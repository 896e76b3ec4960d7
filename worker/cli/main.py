"""The command `cis-worker`: its sub-commands, and how their errors reach the terminal."""

from __future__ import annotations

import sys

import typer

from worker.cli.demo import demo
from worker.cli.ingest import ingest
from worker.cli.operator import config, doctor, status
from worker.cli.run import init, local, run
from worker.cli.search import search, show, similar
from worker.errors import WorkerError

app = typer.Typer(
    name="cis-worker",
    help="Document-ingestion worker: queue events in, searchable text, thumbnails and vectors out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for command in (demo, ingest, search, show, similar, run, init, local, doctor, status, config):
    app.command()(command)


def main() -> None:
    """Run the command line; an error the user can meet is one line, without a traceback."""
    try:
        app()
    except WorkerError as error:
        typer.echo(f"cis-worker: {error} [{error.code}]", err=True)
        sys.exit(2)
