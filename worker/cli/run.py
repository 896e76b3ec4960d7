"""The commands of the worker itself: run, init, local."""

from __future__ import annotations

import gc
import json
import shlex
import sys
from collections.abc import Mapping
from contextlib import closing
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from worker.composition.readers import Readers
    from worker.config import Settings

_TICK_S = 0.2

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def run() -> None:
    """Run the worker until it is stopped; settings come from the environment.

    Logs are JSON lines on standard output, or in files below CIS_LOG_DIR. SIGTERM or SIGINT stops it:
    documents in progress are finished, or checkpointed and requeued; a second signal requeues everything
    at once.
    Exit status: 0 after a stop that settled every message, 75 after one that left some for SQS to
    redeliver, 1 when an operator must fix something or the machine cannot work, 2 for wrong settings.

    Example: `. local.env && cis-worker run` (see `cis-worker local --help`)
    """
    from worker.composition.readers import begin_readers
    from worker.config import NEEDED, load_settings, require

    settings = load_settings()
    require(settings, *NEEDED)
    # First: the imports of the worker itself take as long as those of its readers.
    with closing(begin_readers(settings)) as readers:
        raise typer.Exit(_run(settings, readers))


def _run(settings: Settings, readers: Readers) -> int:
    # Nothing of what is imported is garbage, and to look for some takes a tenth of a start.
    gc.disable()
    try:
        _import_structlog()
        from worker import app as composition
        from worker.runtime import log
    finally:
        gc.enable()
    if isinstance(sys.stdout, TextIOWrapper):
        # JSON is UTF-8, whatever the locale of the service.
        sys.stdout.reconfigure(encoding="utf-8")
    settings = composition.complete(settings)
    identity = composition.identify(settings)
    files = composition.open_log_files(settings, identity)
    log.configure(settings.log_level, stream=sys.stdout, identity=lambda: identity, handler=files)
    if files is not None:
        typer.echo(json.dumps({"event": "logging_to_files", "folder": str(files.folder), "base": files.base}))
    return composition.run(settings, files, identity, readers)


def _import_structlog() -> None:
    """Import it without rich, which it would import for a terminal: a tenth of a start."""
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]  # the import system's own way to refuse one
    try:
        import structlog  # noqa: F401
    finally:
        if hidden:
            del sys.modules["rich"]


def init(
    notify: Annotated[
        bool, typer.Option(help="Connect source buckets that exist already to the queue, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only print what would be created.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create queue, dead-letter queue, buckets, table and search indices where they are missing.

    Names come from the CIS_ settings where those are set. New source buckets are connected to the
    queue. What exists already is left unchanged, but for this: both queues keep messages for 14 days,
    and the results bucket expires what is left over, by rules beside its own.

    Example: `AWS_ENDPOINT_URL=http://127.0.0.1:5000 cis-worker init`
    """
    from worker.config import load_settings
    from worker.operation.deployment import create_deployment
    from worker.runtime import log

    log.configure("warning", stream=sys.stderr)
    deployment = create_deployment(load_settings(), connect_existing=notify, dry_run=dry_run)
    if as_json:
        resources = [
            {"kind": resource.kind, "name": resource.name, "created": resource.created}
            for resource in deployment.resources
        ]
        values = {
            "environment": deployment.variables,
            "changes": deployment.changes,
            "warnings": deployment.warnings,
        }
        typer.echo(json.dumps({"made": resources, **values}))
        return
    created = "would be created" if dry_run else "created"
    for resource in deployment.resources:
        typer.echo(f"{resource.kind} {resource.name}: {created if resource.created else 'exists'}", err=True)
    for change in deployment.changes:
        typer.echo(f"{'would be set' if dry_run else 'set'}: {change}", err=True)
    for warning in deployment.warnings:
        typer.echo(f"warning: {warning}", err=True)
    _print_exports(deployment.variables)


def local(
    home: Annotated[
        Path | None, typer.Option(help="Folder for the search index; a temporary one if not given.")
    ] = None,
    env_file: Annotated[Path | None, typer.Option(help="Also write the variables to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the embedded stack (queue, buckets, table, Bedrock, metadata) until Ctrl-C.

    Prints the variables that point a worker, or the AWS command line, at it. Everything is on
    127.0.0.1 and is lost at the end, except the search index in --home.

    Example: `cis-worker local --env-file local.env &` then `. local.env && cis-worker run`
    """
    import tempfile
    import threading

    from worker.cli.interruption import handle_signals
    from worker.embedded.stack import EmbeddedStack
    from worker.runtime import log

    log.configure("warning", stream=sys.stderr)
    with handle_signals() as interruption, tempfile.TemporaryDirectory(prefix="cis-local-") as temporary:
        # Absolute: who reads the printed variables may be in another folder.
        folder = (home or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with EmbeddedStack(home=folder) as stack:
            variables = stack.environment()
            if env_file is not None:
                env_file.write_text("".join(f"{line}\n" for line in _exports(variables)))
            if as_json:
                typer.echo(json.dumps(variables))
            else:
                _print_exports(variables)
            # A script that starts this in the background reads the variables from a pipe.
            sys.stdout.flush()
            typer.echo("The embedded stack is up; Ctrl-C ends it.", err=True)
            tick = threading.Event()
            while not interruption.is_requested:
                tick.wait(_TICK_S)


def _exports(variables: Mapping[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _print_exports(variables: Mapping[str, str]) -> None:
    for line in _exports(variables):
        typer.echo(line)
