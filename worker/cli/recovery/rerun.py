"""The command that has files of the ledger processed again: rerun."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from worker.cli.printing import print_json
from worker.cli.recovery.dead_letters import Prefix, Types

if TYPE_CHECKING:
    from worker.cli.interruption import Interruption
    from worker.maintenance.rerun import RerunRequest, RerunResult
    from worker.models.file import Rerun

_OLDER = "--older-than-pipeline"
_THIS = "this"


class VersionMayBeLeftOut(TyperCommand):
    """A command whose option --older-than-pipeline may stand without a version."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word for this version behind an option that has none."""
        given = []
        for place, argument in enumerate(args):
            given.append(argument)
            if argument == _OLDER and (place + 1 == len(args) or args[place + 1].startswith("-")):
                given.append(_THIS)
        return super().parse_args(ctx, given)


States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="STATE", help="Only files in this state, for example partial."),
]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="CODE", help="Only files with this code (docs/errors.md)."),
]
UnreadCodes = Annotated[
    list[str] | None,
    typer.Option(
        "--unread",
        metavar="CODE",
        help="Only files of which something was not read for this code (docs/errors.md).",
    ),
]
Version = Annotated[
    str,
    typer.Option(
        _OLDER,
        metavar="[VERSION]",
        help="Only texts of an older pipeline; without a version, older than that of this program.",
    ),
]


def rerun(
    *,
    state: States = None,
    reason: Reasons = None,
    unread: UnreadCodes = None,
    type: Types = None,
    prefix: Prefix = "",
    older_than_pipeline: Version = "",
    all_files: Annotated[bool, typer.Option("--all", help="Every finished file of the ledger.")] = False,
    thumbnails: Annotated[bool, typer.Option("--thumbnails", help="Only make thumbnails again.")] = False,
    vectors: Annotated[bool, typer.Option("--vectors", help="Only make vectors again.")] = False,
    index: Annotated[bool, typer.Option("--index", help="Only write index entries again.")] = False,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Files a second, at most.")] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew where the same rerun was stopped.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, by state and reason.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Have files processed again though their content is known: text, thumbnails and vectors anew.

    With --thumbnails, --vectors or --index only what is named is made, from what is stored. What was there
    stays where a rerun fails. A rerun that was stopped or killed goes on where it was; files that it names
    twice are processed once. Deleted and unfinished files are only meant where --state names them.

    --unread thumbnail_timeout means --thumbnails, where nothing else is named.

    Exit status: 0; 130 after Ctrl-C; 2 for wrong settings or options, or an outage.

    Example: `cis-worker rerun --reason needs_libreoffice --dry-run`
    """
    from worker.maintenance.rerun import RerunRequest

    codes = _unread(unread)
    request = RerunRequest(
        rerun=_what(codes, thumbnails=thumbnails, vectors=vectors, index=index),
        states=_states(state or []),
        files=_files(reason, type, prefix),
        older_than_pipeline=_version(older_than_pipeline),
        unread=codes,
    )
    named = request.states or codes or request.older_than_pipeline or not request.files.is_empty
    if not (named or all_files):
        raise typer.BadParameter("give a condition, or --all for every finished file of the ledger")
    interruption, result = _run(request, rate=rate, restart=restart, dry_run=dry_run)
    _print(result, is_dry_run=dry_run, as_json=as_json)
    raise typer.Exit(interruption.status)


def _what(unread: frozenset[str], *, thumbnails: bool, vectors: bool, index: bool) -> Rerun:
    from worker.errors import OF_THUMBNAIL
    from worker.models.file import Rerun

    if index and (thumbnails or vectors):
        raise typer.BadParameter("--thumbnails and --vectors write the index entry, too: leave out --index")
    if thumbnails and vectors:
        return Rerun.THUMBNAILS_AND_VECTORS
    if thumbnails:
        return Rerun.THUMBNAILS
    if vectors:
        return Rerun.VECTORS
    if index:
        return Rerun.INDEX
    # Nothing but the thumbnail is missing by these.
    return Rerun.THUMBNAILS if unread and unread <= OF_THUMBNAIL else Rerun.ALL


def _states(names: list[str]) -> frozenset[Any]:
    from worker.models.ledger import State

    wanted = {name.strip() for each in names for name in each.split(",")}
    if unknown := sorted(wanted - set(State)):
        raise typer.BadParameter(f"no state {', '.join(unknown)}; there are {', '.join(State)}")
    return frozenset(State(name) for name in wanted)


def _files(reasons: list[str] | None, types: list[str] | None, prefix: str) -> Any:
    from worker.maintenance.file_filter import make_filter

    return make_filter(reasons or [], types or [], prefix)


def _unread(codes: list[str] | None) -> frozenset[str]:
    from worker.maintenance.file_filter import parse_unread

    return parse_unread(codes or [])


def _version(text: str) -> str | None:
    from worker.extract.extraction_key import PIPELINE_VERSION

    if not text:
        return None
    version = PIPELINE_VERSION if text == _THIS else text
    if not all(part.isdecimal() for part in version.split(".")):
        raise typer.BadParameter(f"{text!r} is no pipeline version; this program has {PIPELINE_VERSION}")
    return version


def _run(
    request: RerunRequest, *, rate: float | None, restart: bool, dry_run: bool
) -> tuple[Interruption, RerunResult]:
    from worker.aws.clients import make_clients
    from worker.cli.interruption import handle_signals
    from worker.cli.progress_line import ProgressLine
    from worker.config import load_settings
    from worker.maintenance.opening import open_rerun
    from worker.maintenance.pace import Pace
    from worker.maintenance.progress import ProgressMeter
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    settings = load_settings()
    clients = make_clients(region=settings.aws_region)
    with handle_signals() as interruption, ProgressLine("reading the ledger") as line:
        command = open_rerun(
            settings,
            clients,
            request,
            pace=Pace(rate, wait=interruption.wait),
            meter=ProgressMeter(line.report),
            is_dry_run=dry_run,
        )
        if restart:
            command.position.remove()
        try:
            return interruption, command.run()
        except KeyboardInterrupt:
            raise typer.Exit(interruption.status) from None


def _print(result: RerunResult, *, is_dry_run: bool, as_json: bool) -> None:
    from worker.cli.printing import make_console, make_table, sanitise

    if as_json:
        counts = [
            {"state": state, "reason": reason or None, "files": files}
            for (state, reason), files in result.counts.most_common()
        ]
        print_json(
            {
                "dry_run": is_dry_run,
                "scanned": result.scanned,
                "matched": result.sent,
                "sent": 0 if is_dry_run else result.sent,
                "counts": counts,
                "resumed": result.is_resumed,
                "complete": result.is_complete,
            }
        )
        return
    console = make_console()
    table = make_table("state", "reason", "files")
    for (state, reason), files in result.counts.most_common():
        table.add_row(state, sanitise(reason), f"{files:,}")
    if table.row_count:
        console.print(table)
    verb = "would be sent; nothing was changed" if is_dry_run else "sent"
    resumed = ", with those of the run that was stopped" if result.is_resumed else ""
    console.print(f"{result.sent:,} of {result.scanned:,} files {verb}{resumed}.")
    if not result.is_complete:
        console.print("Stopped; the same command goes on where it was, with --restart it begins anew.")
