"""The command that takes files and folders of the user: ingest."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import print_json

if TYPE_CHECKING:
    from worker.cli.ingest_display import IngestDisplay
    from worker.cli.interruption import Interruption
    from worker.config import Settings
    from worker.home.ingestion import IngestRequest
    from worker.home.result import Result
    from worker.home.result_keeper import Listener


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files and folders.")],
    home: Annotated[
        Path, typer.Option("--home", metavar="DIR", help="Folder to keep index, manifest and artifacts in.")
    ],
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove files that no longer exist below PATH.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line a document; progress goes to stderr.")
    ] = False,
) -> None:
    """Make files and folders searchable: text, OCR, thumbnails and vectors, without any cloud account.

    Unchanged files are skipped. Ctrl-C keeps all documents that are finished (a second one ends at
    once); run it again to go on. The CIS_ settings of the environment apply, such as CIS_LANGUAGES.
    Exit status: 0; 1 if a document was dead-lettered or ended in crashed, memory or timeout; 2 if it
    could not run; 130 after Ctrl-C.

    Example: `cis-worker ingest ~/Documents --home ~/documents.cis`
    """
    from rich.console import Console

    from worker.cli.ingest_display import IngestDisplay
    from worker.cli.interruption import handle_signals
    from worker.config import load_settings
    from worker.home import ingestion
    from worker.runtime import log

    settings = load_settings()
    log.configure("warning", stream=sys.stderr)
    request = _request(settings, paths, home, prune=prune)
    display = IngestDisplay(Console(stderr=True))
    with handle_signals() as interruption:
        listener = _listener(display, interruption, as_json=as_json)
        try:
            with display.live():
                end = ingestion.ingest(request, listener, is_stopped=_stop_predicate(interruption, display))
        except KeyboardInterrupt:
            raise typer.Exit(interruption.status or 128 + signal.SIGINT) from None
    Console(stderr=as_json).print(display.summary(left=end.left))
    raise typer.Exit(interruption.status if end.interrupted else int(display.has_trouble))


def _request(settings: Settings, paths: list[str], home: Path, *, prune: bool) -> IngestRequest:
    from worker.composition.components import local_extraction_key
    from worker.config import sandbox_environment
    from worker.document.options_from_settings import limits
    from worker.home.folder import Home
    from worker.home.ingestion import IngestRequest
    from worker.home.made_with import made_with
    from worker.sandbox.probe_client import probe_tools

    # Everything that decides what comes out of a file: a change of it makes every file new.
    key = local_extraction_key(settings, probe_tools(sandbox_environment()))
    return IngestRequest(
        paths=tuple(paths),
        home=Home(folder=home.absolute()),
        prune=prune,
        made_with=made_with(
            f"{key} {settings.image_model} {settings.text_model}",
            limits(settings),
            settings.pdf_passwords.get_secret_value(),
        ),
        max_file_bytes=settings.max_file_bytes,
    )


def _listener(display: IngestDisplay, interruption: Interruption, *, as_json: bool) -> Listener:
    from worker.home.result_keeper import Listener

    def on_result(result: Result) -> None:
        display.result(result)
        if as_json:
            _print_line(result, interruption)

    return Listener(on_result=on_result, on_note=display.note, on_progress=display.progress)


def _print_line(result: Result, interruption: Interruption) -> None:
    try:
        print_json(result.as_dict())
    except BrokenPipeError:
        # The reader of the pipe is gone: keep what is finished, and exit as a filter does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        interruption.request(signal.SIGPIPE)


def _stop_predicate(interruption: Interruption, display: IngestDisplay) -> Callable[[], bool]:
    noted = False

    def is_stopped() -> bool:
        nonlocal noted
        if interruption.is_requested and not noted:
            noted = True
            display.note(
                "stopping", "documents that can be finished in seconds are; Ctrl-C again ends at once"
            )
        return interruption.is_requested

    return is_stopped
