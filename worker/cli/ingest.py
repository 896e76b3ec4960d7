"""The command that takes files and folders of the user: ingest."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.home.opening import HomeOption, home_folder
from worker.cli.printing import print_json, sanitise

if TYPE_CHECKING:
    from worker.cli.ingest_display import IngestDisplay, Verbosity
    from worker.cli.interruption import Interruption
    from worker.home.ingestion import IngestRequest
    from worker.home.name_filter import NameFilter
    from worker.home.result import Result
    from worker.home.result_keeper import Listener

_STOPPED = 128
_AT_ONCE = "what is finished is kept; run the same command again to go on"
_NOTHING_BEGUN = "cis-worker: stopped before anything was begun; nothing has changed"


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files and folders.")],
    home: HomeOption = None,
    *,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="PATTERN", help="Only such files: '*.pdf'.")
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="No such files and folders: 'old/*'."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also hidden files, and leftovers such as Thumbs.db and ~$*.")
    ] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="jpn,eng", help="Languages of OCR.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Pages read at a time.")] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove files that no longer exist below PATH.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Then go on, whenever something changes, until Ctrl-C.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be read.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print each file as it is done.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line a document; progress goes to stderr.")
    ] = False,
) -> None:
    """Make files and folders searchable: text, OCR, thumbnails and vectors, without any cloud account.

    Unchanged files are skipped, and read again after a change of --lang. Ctrl-C keeps all documents that
    are finished (a second one ends at once); run it again to go on. The CIS_ settings of the environment
    apply, too.
    Exit status: 0; 1 if a document was dead-lettered or ended in crashed, memory or timeout; 2 if it
    could not run; 130 after Ctrl-C. With --watch (extra `watch`) it goes on until then.

    Example: `cis-worker ingest ~/Documents --home ~/documents.cis --exclude '*.bak'`
    """
    with _nothing_begun():
        from worker.cli.ingest_display import Verbosity
        from worker.home.name_filter import NameFilter

        names = NameFilter(include=tuple(include or ()), exclude=tuple(exclude or ()), everything=everything)
        request = _request(paths, home, prune=prune, names=names, reading=_reading(lang, jobs))
    if dry_run:
        raise typer.Exit(_print_plan(request, as_json=as_json))
    verbosity = Verbosity.QUIET if quiet else Verbosity.VERBOSE if verbose else Verbosity.NORMAL
    run = partial(_ingest, request, verbosity, home and request.home.folder, as_json=as_json)
    raise typer.Exit(_watch(request, run, is_quiet=quiet) if watch else run())


@contextmanager
def _nothing_begun() -> Iterator[None]:
    """Say so where Ctrl-C comes before anything is begun."""
    try:
        yield
    except KeyboardInterrupt as error:
        typer.echo(_NOTHING_BEGUN, err=True)
        raise typer.Exit(_STOPPED + signal.SIGINT) from error


def _reading(lang: str | None, jobs: int | None) -> dict[str, str]:
    """The settings that options change, by their names in the environment."""
    values = {"CIS_LANGUAGES": lang, "CIS_SLOTS": None if jobs is None else str(jobs)}
    return {name: value for name, value in values.items() if value}


def _request(
    paths: list[str], home: Path | None, *, prune: bool, names: NameFilter, reading: dict[str, str]
) -> IngestRequest:
    from worker.config import load_settings, sandbox_environment, user_cache_folder
    from worker.document.options_from_settings import limits, local_extraction_key
    from worker.extract.tools import require_languages
    from worker.home.ingestion import IngestRequest
    from worker.home.known_tools import find_tools
    from worker.home.made_with import made_with

    changes = {name.removeprefix("CIS_").lower(): value for name, value in reading.items()}
    settings = load_settings(**changes)
    tools = find_tools(sandbox_environment(), folder=user_cache_folder())
    require_languages(
        settings.languages, tools, asked_by="--lang" if "CIS_LANGUAGES" in reading else "CIS_LANGUAGES"
    )
    # Everything that decides what comes out of a file: a change of it makes every file new.
    key = local_extraction_key(settings, tools)
    return IngestRequest(
        paths=tuple(paths),
        home=home_folder(home),
        prune=prune,
        made_with=made_with(
            f"{key} {settings.image_model} {settings.text_model}",
            limits(settings),
            settings.pdf_passwords.get_secret_value(),
        ),
        max_file_bytes=settings.max_file_bytes,
        names=names,
        worker_settings=reading,
    )


def _ingest(request: IngestRequest, verbosity: Verbosity, named_home: Path | None, *, as_json: bool) -> int:
    """Run it, and print the summary; the exit status.

    Commands that are printed name the home only where it would not be found without its name.
    """
    from rich.console import Console

    from worker.cli.ingest_display import IngestDisplay
    from worker.cli.interruption import handle_signals
    from worker.home import ingestion

    display = IngestDisplay(Console(stderr=True), verbosity=verbosity)
    with handle_signals() as interruption:
        listener = _listener(display, interruption, as_json=as_json)
        try:
            with display.live():
                end = ingestion.ingest(request, listener, is_stopped=_stop_predicate(interruption, display))
        except KeyboardInterrupt:
            display.note("stopped", _AT_ONCE)
            return interruption.status or 128 + signal.SIGINT
    for line in display.summary(end, home=named_home):
        typer.echo(line, err=as_json)
    return interruption.status if end.interrupted else int(display.has_trouble)


def _watch(request: IngestRequest, run: Callable[[], int], *, is_quiet: bool) -> int:
    """Run it, and again after each change, until a signal; the exit status."""
    from worker.cli.interruption import handle_signals
    from worker.home.watch.folder_watch import FolderWatch, require_watchdog

    require_watchdog()
    # Before the first run: what changes while a file is read is found by the next one.
    with FolderWatch(request.paths, home=request.home.folder) as changes:
        while (status := run()) < _STOPPED:
            if not is_quiet:
                typer.echo("Watching for changes; Ctrl-C ends it.", err=True)
            with handle_signals() as interruption:
                if not changes.wait(interruption.wait):
                    return interruption.status
    return status


def _print_plan(request: IngestRequest, *, as_json: bool) -> int:
    """Print what a run would do; the exit status."""
    from worker.cli.interruption import handle_signals
    from worker.errors import JobInterrupted
    from worker.home import ingestion
    from worker.home.file_walk import display
    from worker.home.result_keeper import Listener

    results: list[Result] = []
    listener = Listener(on_result=results.append, on_note=_print_note, on_progress=lambda _: None)
    with handle_signals() as interruption:
        try:
            plan = ingestion.plan_only(request, listener, is_stopped=lambda: interruption.is_requested)
        except (KeyboardInterrupt, JobInterrupted):
            return interruption.status or 128 + signal.SIGINT
    for task in plan.tasks:
        action = "remove" if task.deleted else "read"
        if as_json:
            print_json({"action": action, "file_path": display(task.path), "size_bytes": task.size_bytes})
        else:
            typer.echo(f"{action:<6}  {sanitise(display(task.path))}")
    unchanged = [result for result in results if result.skipped]
    for failure in (result for result in results if not result.skipped):
        _print_note(failure.file_path, failure.reason or failure.state)
    unreadable = len(results) - len(unchanged)
    removals = sum(task.deleted for task in plan.tasks)
    typer.echo(
        f"{len(plan.tasks) - removals:,} to read, {removals:,} to remove, {len(unchanged):,} unchanged, "
        f"{unreadable:,} unreadable, {plan.left_out:,} left out by name. Nothing was done.",
        err=as_json,
    )
    return 0


def _print_note(path: str, message: str) -> None:
    typer.echo(f"{sanitise(path)}: {sanitise(message)}", err=True)


def _listener(display: IngestDisplay, interruption: Interruption, *, as_json: bool) -> Listener:
    from worker.home.result_keeper import Listener

    def on_result(result: Result) -> None:
        display.result(result)
        if as_json:
            _print_line(result, interruption)

    return Listener(
        on_result=on_result, on_note=display.note, on_progress=display.progress, on_work=_log_to_stderr
    )


def _log_to_stderr() -> None:
    """Have what goes wrong in the clients of the servers printed, now that there will be some."""
    from worker.runtime import log

    log.configure("warning", stream=sys.stderr)


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
