"""The command that makes the index anew from what is stored: reindex."""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.home.opening import HomeOption

if TYPE_CHECKING:
    from pathlib import Path

    from worker.cli.interruption import Interruption
    from worker.config import Settings
    from worker.home.folder import Home
    from worker.maintenance.reindex.reindex import Reindex, ReindexResult

_STOPPED = 130

_RollBack = Annotated[
    bool, typer.Option("--rollback", help="Lead searches and writes back to the old index.")
]
_RemoveOld = Annotated[bool, typer.Option("--remove-old", help="Delete the old index.")]
_Force = Annotated[bool, typer.Option("--force", help="Also where the index is as this program makes it.")]


def reindex(
    *,
    rollback: _RollBack = False,
    remove_old: _RemoveOld = False,
    force: _Force = False,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Files a second, at most.")] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Make the index anew from what is stored, without OCR and without Bedrock, for this text analysis.

    In OpenSearch the next index is filled beside the old one while workers write and people search; it takes
    over at once, and the old one stays until --remove-old. A run that was stopped or killed goes on where it
    was. A SQLite index (--home, or CIS_INDEX=sqlite) gets its terms anew in one transaction: a stop leaves
    it as it was.

    Exit status: 0; 1 where files are missing in the new index; 2 for wrong settings or an outage; 130 after
    Ctrl-C.

    Example: `. local.env && cis-worker reindex`
    """
    from worker.cli.home.opening import existing_home
    from worker.config import load_settings
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    if rollback + remove_old + force > 1:
        raise typer.BadParameter("--rollback, --remove-old and --force exclude each other")
    settings = None if home is not None else load_settings()
    if settings is not None and settings.index == "opensearch":
        command = "roll_back" if rollback else "remove_old" if remove_old else "run"
        _reindex_opensearch(settings, command, is_forced=force, rate=rate, as_json=as_json)
        return
    if rollback or remove_old:
        raise typer.BadParameter("a SQLite index is made anew in place: there is no old one")
    path = settings.sqlite_path if settings is not None else None
    if path is None:
        _reindex_home(existing_home(home), as_json=as_json)
    else:
        _reindex_sqlite(path, as_json=as_json)


def _reindex_home(home: Home, *, as_json: bool) -> None:
    # An ingest that runs writes with the analysis that it found.
    with home.lock():
        _reindex_sqlite(home.index_path, as_json=as_json)


def _reindex_sqlite(path: Path, *, as_json: bool) -> None:
    from worker.cli.interruption import handle_signals
    from worker.cli.printing import make_console, print_json
    from worker.cli.progress_line import ProgressLine
    from worker.errors import MisconfiguredError
    from worker.index.sqlite.sqlite_file import SqliteFile
    from worker.maintenance.progress import ProgressMeter
    from worker.maintenance.sweep import StoppedError

    if not path.exists():
        raise MisconfiguredError(f"There is no index to make anew: {path} does not exist.")
    with (
        handle_signals() as interruption,
        closing(SqliteFile(path)) as file,
        ProgressLine("analysing") as line,
    ):
        meter = ProgressMeter(line.report)

        def on_file(total: int) -> None:
            meter.total = total
            meter.advance()
            if interruption.is_requested:
                raise StoppedError

        try:
            files = file.rebuild(on_file)
        except (StoppedError, KeyboardInterrupt):
            line.say(f"Stopped; {path} is as it was.")
            raise typer.Exit(interruption.status or _STOPPED) from None
    if as_json:
        print_json({"index": str(path), "files": files, "complete": True})
    else:
        make_console().print(f"{files:,} files of {path} have the terms of this version.", markup=False)


def _reindex_opensearch(
    settings: Settings, command: str, *, is_forced: bool, rate: float | None, as_json: bool
) -> None:
    from worker.cli.interruption import handle_signals
    from worker.cli.printing import print_json
    from worker.cli.recovery.reindex_display import print_result, result_values

    with handle_signals() as interruption:
        try:
            result = _run(settings, command, interruption, is_forced=is_forced, rate=rate)
        except KeyboardInterrupt:
            raise typer.Exit(interruption.status or _STOPPED) from None
    if as_json:
        print_json(result_values(command, result))
    else:
        print_result(command, result, is_stopped=interruption.is_requested)
    raise typer.Exit(interruption.status or int(not result.is_complete))


def _run(
    settings: Settings, command: str, interruption: Interruption, *, is_forced: bool, rate: float | None
) -> ReindexResult:
    from worker.aws.clients import make_clients
    from worker.cli.recovery.reindex_display import ReindexDisplay
    from worker.maintenance.outages import run_to_end
    from worker.maintenance.pace import Pace
    from worker.maintenance.reindex.parts import open_parts
    from worker.maintenance.reindex.reindex import Reindex, Waits
    from worker.maintenance.sweep import StoppedError

    wait = interruption.wait
    clients = make_clients(region=settings.aws_region)
    with (
        open_parts(settings, clients, pace=Pace(rate, wait=wait), wait=wait) as parts,
        ReindexDisplay() as display,
    ):
        runs: list[Reindex] = []

        def make(is_first: bool = True) -> Reindex:
            # An outage after a step forward is another one.
            written = sum(run.result.made for run in runs)
            run = Reindex(
                parts=parts,
                report=display.report,
                wait=wait,
                is_forced=is_forced and is_first,
                waits=Waits(),
                resumed_after=str(written) if written else None,
            )
            runs.append(run)
            return run

        if command != "run":
            with suppress(StoppedError):
                getattr(make(), command)()
            return runs[-1].result
        run, _ = run_to_end(make, wait=wait, report=display.outage)
        return run.result
