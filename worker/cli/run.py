"""The commands of the worker itself: run, init, local."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from worker import app as composition
from worker import services
from worker.aws.clients import Clients, make_clients
from worker.aws.provisioning import Provisioned, connect_notifications, provision
from worker.cli.interruption import Interruption
from worker.config import Settings, load_settings
from worker.embedded.stack import EmbeddedStack
from worker.errors import WorkerError
from worker.index.opensearch.schema import FILES, IMAGES
from worker.runtime import log

_LOOK_S = 0.2
_QUEUE = "cis-files"
_RESULTS_BUCKET = "cis-results"
_SOURCE_BUCKET = "cis-source"
_TABLE = "cis-files"

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def run() -> None:
    """Run the worker until it is told to stop; settings come from the environment.

    Logs are JSON lines on standard output. SIGTERM or SIGINT stops it: documents in hand are
    finished, or checkpointed and requeued; a second signal gives everything back at once.
    Exit status: 0 after a stop, 1 when an operator must mend something, 2 for wrong settings.

    Example: `. local.env && cis-worker run` (see `cis-worker local --help`)
    """
    settings = load_settings()
    log.configure(settings.log_level, stream=sys.stdout)
    raise typer.Exit(composition.run(settings))


def init(
    notify: Annotated[
        bool, typer.Option(help="Connect source buckets that exist already to the queue, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be made.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make queue, dead-letter queue, buckets, table and search indices where they are missing.

    Names come from the CIS_ settings where those are set. New source buckets are connected to the
    queue. What exists already is left as it is.

    Example: `AWS_ENDPOINT_URL=http://127.0.0.1:5000 cis-worker init`
    """
    log.configure("warning", stream=sys.stderr)
    settings = load_settings()
    clients = make_clients(region=settings.aws_region)
    queue_name = _last_part(settings.queue_url) or _QUEUE
    sources = settings.source_buckets or (_SOURCE_BUCKET,)
    results = settings.results_bucket or _RESULTS_BUCKET
    made = provision(
        clients,
        queue_name=queue_name,
        dlq_name=_last_part(settings.dlq_url) or f"{queue_name}-dlq",
        buckets=(*sources, results),
        table=settings.file_table or _TABLE,
        dry_run=dry_run,
    )
    made += _indices(settings, dry_run=dry_run)
    warnings = [] if dry_run else _connect(clients, made, sources, existing_too=notify)
    variables = _variables(made, sources, results, settings)
    if as_json:
        things = [{"kind": m.kind, "name": m.name, "created": m.created} for m in made]
        typer.echo(json.dumps({"made": things, "environment": variables, "warnings": warnings}))
        return
    would = "would be made" if dry_run else "made"
    for thing in made:
        typer.echo(f"{thing.kind} {thing.name}: {would if thing.created else 'was there'}", err=True)
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    _print_exports(variables)


def local(
    home: Annotated[
        Path | None, typer.Option(help="Folder for the search index; a temporary one if not given.")
    ] = None,
    env_file: Annotated[Path | None, typer.Option(help="Also write the variables to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep the embedded stack up (queue, buckets, table, Bedrock, metadata), until Ctrl-C.

    Prints the variables that point a worker, or the AWS command line, at it. Everything is on
    127.0.0.1 and is forgotten at the end, except the search index in --home.

    Example: `cis-worker local --env-file local.env &` then `. local.env && cis-worker run`
    """
    log.configure("warning", stream=sys.stderr)
    with Interruption() as interruption, tempfile.TemporaryDirectory(prefix="cis-local-") as temporary:
        folder = home or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with EmbeddedStack(home=folder) as stack:
            variables = stack.environment()
            if env_file is not None:
                env_file.write_text("".join(f"{line}\n" for line in _exports(variables)))
            if as_json:
                typer.echo(json.dumps(variables))
            else:
                _print_exports(variables)
            sys.stdout.flush()
            typer.echo("The embedded stack is up; Ctrl-C ends it.", err=True)
            tick = threading.Event()
            while not interruption.requested:
                tick.wait(_LOOK_S)


def _last_part(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1] if url else ""


def _connect(
    clients: Clients, made: list[Provisioned], sources: tuple[str, ...], *, existing_too: bool
) -> list[str]:
    """Have source buckets announce their objects; what went wrong. The rest is made, and can be used."""
    queue_url = made[0].identifier
    warnings = []
    for thing in made:
        if thing.kind == "bucket" and thing.name in sources and (thing.created or existing_too):
            try:
                connect_notifications(clients, thing.name, queue_url)
            except WorkerError as error:
                warnings.append(
                    f"{error} Its objects are not announced: run `cis-worker init --notify` when this is "
                    "mended, or send the messages yourself."
                )
    return warnings


def _indices(settings: Settings, *, dry_run: bool) -> list[Provisioned]:
    """The indices in OpenSearch; the SQLite file is made by whoever writes first."""
    if settings.index != "opensearch":
        return []
    with closing(services.open_index_manager(settings)) as index:
        missing = index.missing_aliases()
        if not dry_run:
            index.create_files_index()
            index.create_images_index()
    names = (f"{settings.index_prefix}{alias}" for alias in (FILES, IMAGES))
    return [Provisioned(kind="index", name=name, created=name in missing, identifier=name) for name in names]


def _variables(
    made: list[Provisioned], sources: tuple[str, ...], results: str, settings: Settings
) -> dict[str, str]:
    table = next(thing.name for thing in made if thing.kind == "table")
    variables = {
        "CIS_QUEUE_URL": made[0].identifier,
        "CIS_DLQ_URL": made[1].identifier,
        "CIS_RESULTS_BUCKET": results,
        "CIS_SOURCE_BUCKETS": ",".join(sources),
        "CIS_FILE_TABLE": table,
    }
    if settings.index == "opensearch":
        variables |= {"CIS_INDEX": "opensearch", "OPENSEARCH_ENDPOINT": settings.opensearch_endpoint}
    elif settings.sqlite_path is None:
        variables["CIS_SQLITE_PATH"] = "index.sqlite3"
    return variables


def _exports(variables: Mapping[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _print_exports(variables: Mapping[str, str]) -> None:
    for line in _exports(variables):
        typer.echo(line)
