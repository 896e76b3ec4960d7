"""The command `show`: what the index holds of one file, and what only its stored artifact knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.home.opening import GroupsOption, HomeOption, find_document, open_index
from worker.cli.printing import print_json, sanitise

if TYPE_CHECKING:
    from worker.cli.home.members import ListedMember
    from worker.home.folder import Home
    from worker.models.document import Document, Extraction

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What is known of a document beside its index entry; `problem` says why not more is."""

    engines: tuple[str, ...] = ()
    thumbnail: str | None = None
    members: tuple[ListedMember, ...] = ()
    problem: str = ""


def show(
    file: Annotated[str, typer.Argument(help="Path, file name or file_id.")],
    home: HomeOption = None,
    groups: GroupsOption = None,
    as_json: AsJson = False,
) -> None:
    """Show what the index holds of one file, the files in it, and the text of every page.

    Exit status: 0, 1 when there is no such file, 2 when the index cannot be read.

    Example: `cis-worker show 報告書.pdf --home ~/documents.cis --json`
    """
    from worker.cli.home.members import member_lines
    from worker.cli.search_display import document_values, print_document
    from worker.errors import Code, MisconfiguredError
    from worker.home.file_walk import display

    with open_index(home) as (index, folder):
        document = find_document(index, file, groups)
    if document is None:
        raise MisconfiguredError(
            f"{display(file)} is not in {folder.folder if folder else 'the index'}; "
            "`cis-worker search` finds parts of names and paths, too",
            code=Code.NOT_FOUND,
        )
    document, stored = _with_artifact(document, folder)
    if as_json:
        extra = {"engines": list(stored.engines), "thumbnail": stored.thumbnail}
        members = [each.values() for each in stored.members]
        print_json({**document_values(document), **extra, "members": members})
    else:
        files = tuple(member_lines(stored.members))
        print_document(document, engines=stored.engines, thumbnail=stored.thumbnail, files=files)
    if stored.problem:
        typer.echo(f"What was not read is shown by its reason only: {sanitise(stored.problem)}", err=True)


def _with_artifact(document: Document, home: Home | None) -> tuple[Document, Stored]:
    """The document with the list of what was not read, which its artifact has, and what else that has.

    Without the list its reason stands for it, which the index has.
    """
    from worker.cli.home.members import list_members
    from worker.models.unread import Unread

    extraction, problem = _extraction(document, home)
    unread = extraction.unread if extraction is not None else ()
    if not unread and document.reason is not None:
        unread = (Unread(page=0, code=document.reason, help=_advice(document.reason, home)),)
        # Since there are lists, each reason is in one.
        problem = problem or "its artifact is of an older version and has no list"
    elif home is not None:
        unread = tuple(replace(each, help=_advice(each.code, home)) for each in unread)
    pages = extraction.pages if extraction is not None else ()
    stored = Stored(
        engines=tuple(dict.fromkeys(page.engine for page in pages if page.engine)),
        thumbnail=_thumbnail(document, home),
        members=list_members(extraction) if extraction is not None else (),
        problem=problem if document.artifact_key else "",
    )
    return replace(document, unread=unread), stored


def _advice(code: str, home: Home | None) -> str:
    from worker.home.remedies import home_remedy
    from worker.runtime.remedies import remedy

    return remedy(code) if home is None else home_remedy(code)


def _thumbnail(document: Document, home: Home | None) -> str | None:
    """Where the thumbnail is: a path in the home, else the key of an object."""
    if document.thumbnail_key is None or home is None:
        return document.thumbnail_key
    path = home.folder / document.thumbnail_key
    return str(path) if path.is_file() else None


def _extraction(document: Document, home: Home | None) -> tuple[Extraction | None, str]:
    """The stored artifact; None, with the problem, where it cannot be had."""
    from worker.document.packing import UNREADABLE, unpack_extraction
    from worker.errors import WorkerError

    if not document.artifact_key:
        return None, ""
    try:
        data = _artifact(document.artifact_key, home)
        return (None, _no_artifact(home)) if data is None else (unpack_extraction(data)[0], "")
    except WorkerError as error:
        return None, str(error)
    except OSError as error:  # of the file, or of its compression
        return None, f"its artifact cannot be read ({error.strerror or error})"
    except UNREADABLE as error:
        return None, f"its artifact is damaged ({type(error).__name__})"


def _no_artifact(home: Home | None) -> str:
    place = home.folder if home else "the results bucket (CIS_RESULTS_BUCKET)"
    return f"its artifact is no longer in {place}"


def _artifact(key: str, home: Home | None) -> bytes | None:
    """The stored artifact; None where it is gone, or nothing says where it is stored. Raises WorkerError."""
    if home is not None:
        path = home.folder / key
        return path.read_bytes() if path.is_file() else None
    from worker.aws.clients import make_clients
    from worker.aws.storage_handler import StorageHandler
    from worker.config import load_settings

    settings = load_settings()
    if not settings.results_bucket:
        return None
    clients = make_clients(region=settings.aws_region)
    return StorageHandler(clients.s3, results_bucket=settings.results_bucket).get(key)
