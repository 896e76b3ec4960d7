"""The command that takes files and folders of the user's own: ingest."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from worker import app as composition
from worker.cli.ingest_display import IngestDisplay
from worker.cli.interruption import Interruption
from worker.cli.printing import print_json
from worker.config import Settings, load_settings
from worker.extract.capabilities import probe
from worker.home import ingestion
from worker.home.folder import Home
from worker.home.result import Result
from worker.home.result_keeper import Listener
from worker.runtime import log


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files and folders.")],
    home: Annotated[
        Path, typer.Option("--home", metavar="DIR", help="Folder to keep index, manifest and artifacts in.")
    ],
    prune: Annotated[
        bool, typer.Option("--prune", help="Also forget what is gone from the disk below PATH.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line a document; progress goes to stderr.")
    ] = False,
) -> None:
    """Make files and folders searchable: text, OCR, thumbnails and vectors, without any cloud account.

    Unchanged files are skipped. Ctrl-C keeps all documents that are finished (a second one ends at
    once); run it again to go on. The CIS_ settings of the environment apply, such as CIS_LANGUAGES.
    Exit status: 0; 1 if a document was dead-lettered or ended in crashed, memory or timeout; 2 if it
    could not work; 130 after Ctrl-C.

    Example: `cis-worker ingest ~/Documents --home ~/documents.cis`
    """
    settings = load_settings()
    log.configure("warning", stream=sys.stderr)
    request = ingestion.IngestRequest(
        paths=tuple(paths),
        home=Home(folder=home.absolute()),
        prune=prune,
        made_with=_made_with(settings),
        max_file_bytes=settings.max_file_bytes,
    )
    display = IngestDisplay(Console(stderr=True))
    with Interruption() as interruption:
        listener = Listener(
            on_result=_both(display.result, _json_line(interruption) if as_json else None),
            on_note=display.note,
            on_progress=display.progress,
        )
        try:
            with display:
                ended = ingestion.ingest(request, listener, stopped=_asked_to_stop(interruption, display))
        except KeyboardInterrupt:
            raise typer.Exit(interruption.status or 128 + signal.SIGINT) from None
    Console(stderr=as_json).print(display.summary(left=ended.left))
    raise typer.Exit(interruption.status if ended.interrupted else int(display.troubled))


def _made_with(settings: Settings) -> str:
    """What decides what comes out of a file: a change of it makes everything new."""
    key = composition.key_here(settings, probe())
    return f"{key} {settings.image_model} {settings.text_model}"


def _asked_to_stop(interruption: Interruption, display: IngestDisplay) -> Callable[[], bool]:
    told = False

    def stopped() -> bool:
        nonlocal told
        if interruption.requested and not told:
            told = True
            display.note("stopping", "what can be finished in seconds is; Ctrl-C again ends at once")
        return interruption.requested

    return stopped


def _json_line(interruption: Interruption) -> Callable[[Result], None]:
    def print_line(result: Result) -> None:
        try:
            print_json(result.as_dict())
        except BrokenPipeError:
            # Nobody reads any more: keep what is finished, and end as a filter does.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            interruption.request(signal.SIGPIPE)

    return print_line


def _both(
    first: Callable[[Result], None], second: Callable[[Result], None] | None
) -> Callable[[Result], None]:
    def tell(result: Result) -> None:
        first(result)
        if second is not None:
            second(result)

    return tell
