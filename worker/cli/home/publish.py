"""The command that carries a home to a fleet: publish."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.home.opening import HomeOption, existing_home
from worker.cli.printing import print_json, sanitise

if TYPE_CHECKING:
    from worker.cli.interruption import Interruption
    from worker.cli.progress_line import ProgressLine
    from worker.home.folder import Home
    from worker.home.manifest import Manifest
    from worker.home.transfer.publication import Publication


def publish(
    location: Annotated[
        str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="Where the originals go: a source bucket.")
    ],
    home: HomeOption = None,
    *,
    groups: Annotated[
        str | None,
        typer.Option("--groups", metavar="A,B", help="Only these groups may find the files; else everyone."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be sent.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Carry the files of a home to the fleet that the settings name, with what was read of them.

    Texts and thumbnails go to the results bucket, the originals to the source bucket, and a message for each
    file to the queue: workers find the content known, and OCR nothing. What is there is not sent again. The
    fleet makes its own vectors: those of a home are of a stand-in for its model.
    The key of an object is the path below the prefix. Give --groups in each run: a file that is sent again
    without it is everyone's.
    Needs CIS_QUEUE_URL, CIS_RESULTS_BUCKET, CIS_SOURCE_BUCKETS and CIS_FILE_TABLE, as the fleet has them.
    Exit status: 0; 1 if files were left out; 2 if it could not run; 130 after Ctrl-C.

    Example: `cis-worker publish s3://documents/nas/ --home ~/documents.cis --dry-run`
    """
    from worker.cli.interruption import handle_signals
    from worker.cli.progress_line import ProgressLine
    from worker.home.manifest import Manifest
    from worker.models.metadata import read_groups
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    place = existing_home(home)
    with (
        handle_signals() as interruption,
        place.lock(),
        closing(Manifest(place.manifest_path)) as manifest,
        ProgressLine() as line,
    ):
        publication = _publication(location, place, manifest, line, interruption, dry=dry_run)
        publication = replace(publication, groups=read_groups(groups or ""))
        is_whole = _run(publication, manifest)
    _print(publication, is_whole=is_whole, as_json=as_json)
    raise typer.Exit(int(bool(publication.counts.unfit)) if is_whole else interruption.status)


def _run(publication: Publication, manifest: Manifest) -> bool:
    """Publish everything; False where it was stopped."""
    try:
        return publication.run(manifest.entries())
    except KeyboardInterrupt:
        # The second Ctrl-C. What was sent without its message is found by the next run.
        return False


def _print(publication: Publication, *, is_whole: bool, as_json: bool) -> None:
    if as_json:
        values = {"finished": is_whole, "dry_run": publication.dry, "same_reading": _is_same(publication)}
        print_json({**asdict(publication.counts), **values})
        return
    for text in _lines(publication, is_whole=is_whole):
        typer.echo(text)


def _publication(
    location: str,
    home: Home,
    manifest: Manifest,
    line: ProgressLine,
    interruption: Interruption,
    *,
    dry: bool,
) -> Publication:
    from worker.aws.clients import make_clients
    from worker.aws.file_table import FileTable
    from worker.aws.scans.event_sender import EventSender
    from worker.cli.progress_line import describe
    from worker.config import load_settings, require
    from worker.extract.extraction_key import PIPELINE_VERSION
    from worker.home.transfer.publication import Publication, fleet_extraction_key
    from worker.maintenance.progress import ProgressMeter
    from worker.maintenance.sweep_stores import make_storage, parse_location

    settings = load_settings()
    require(settings, "queue_url", "results_bucket", "source_buckets", "file_table")
    bucket, prefix = parse_location(location, settings)
    clients = make_clients(region=settings.aws_region)
    table = FileTable(
        clients.dynamodb, table=settings.file_table, owner="publish", pipeline_version=PIPELINE_VERSION
    )
    what, total = "looking" if dry else "publishing", sum(1 for _ in manifest.entries())
    return Publication(
        home=home,
        bucket=bucket,
        prefix=_as_folder(prefix),
        storage=make_storage(settings, clients),
        table=table,
        sender=EventSender(client=clients.sqs, queue_url=settings.queue_url),
        fleet_key=fleet_extraction_key(table),
        meter=ProgressMeter(lambda progress: line.show(what, describe(progress)), total=total),
        note=lambda path, why: line.say(sanitise(f"{path}: {why}")),
        is_stopped=lambda: interruption.is_requested,
        dry=dry,
    )


def _as_folder(prefix: str) -> str:
    """The prefix with a slash at its end: `docs` and `a.txt` are docs/a.txt."""
    return f"{prefix.rstrip('/')}/" if prefix else ""


def _is_same(publication: Publication) -> bool | None:
    """Whether the fleet reads as the home did; None where it has read nothing yet."""
    if publication.fleet_key is None:
        return None
    return not publication.counts.others


def _lines(publication: Publication, *, is_whole: bool) -> list[str]:
    counts = publication.counts
    will = "would be sent" if publication.dry else "sent"
    lines = [
        f"{counts.files:,} files: {counts.originals:,} originals and {counts.results:,} results "
        f"({counts.sent_bytes / 1e6:,.1f} MB) and {counts.messages:,} messages {will}; "
        f"{counts.known:,} known to the fleet already."
    ]
    if publication.fleet_key is None and counts.messages:
        lines.append(
            "The fleet has read nothing yet. It takes the results over where its engines, models, languages "
            "and version are those of this home, and reads the files again where they are not."
        )
    if counts.others:
        lines.append(
            "The fleet reads with other engines, models, languages or another version than this home did: "
            f"{counts.others:,} files will be read again. Install the same here and ingest again, or "
            "let it."
        )
    if counts.limited:
        lines.append(
            f"{counts.limited:,} files were not wholly read here for a limit, and will be read again."
        )
    if counts.unfit:
        lines.append(f"{counts.unfit:,} left out: gone, or changed since they were read.")
    if not is_whole:
        lines.append("Stopped: what was sent stays. Run the same command again to send the rest.")
    return lines
