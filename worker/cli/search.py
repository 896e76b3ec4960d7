"""The commands that query an index, of a home folder or of the settings: search, show, similar."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import print_json, sanitise

if TYPE_CHECKING:
    from worker.index.search_index import SearchHit, SearchIndex, SimilarHit
    from worker.models.document import Document
    from worker.models.unread import Unread

_MAX_CHOICES = 10

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder that `cis-worker ingest` keeps its index in. Without it the index named by the settings "
        "(CIS_INDEX) is queried.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def search(
    query: Annotated[
        list[str], typer.Argument(help='Words, "a phrase", -without, this OR that, type:pdf ...')
    ],
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most files to print.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="How many of the best files to leave out.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find files by their text, name or path; each hit names the page that matches best.

    A file must contain every word; where none does, those with most of them are shown, and that is said.
    Page 0 means that only its name or path contain them. `-word` excludes, `OR` takes either of two words;
    type:pdf, path:folder, lang:ja, state:partial and page:3 filter.

    Example: `cis-worker search '営業報告書 -下書き type:pdf' --home ~/docs.cis`
    """
    if unknown := [word for word in query if word.startswith("--")]:
        raise typer.BadParameter(f"There is no option {unknown[0]}; a word is excluded by one dash.")
    with _open_index(home) as index:
        found = index.search(" ".join(query), limit=limit, offset=offset)
    if as_json:
        print_json(
            {
                "total": found.total,
                "tier": found.tier.value,
                "notes": list(found.notes),
                "has_next": found.total > offset + len(found.hits),
                "hits": [_hit_values(hit) for hit in found.hits],
            }
        )
        return
    from worker.cli.search_display import print_hits

    print_hits(found, offset=offset)


def show(
    file: Annotated[str, typer.Argument(help="Path, file name or file_id.")],
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Show what the index holds of one file, with the text of every page.

    Example: `cis-worker show 報告書.pdf --home ~/documents.cis --json`
    """
    from worker.cli.search_display import document_values, print_document
    from worker.errors import MisconfiguredError
    from worker.home.file_walk import display

    with _open_index(home) as index:
        document = _find_document(index, file)
    if document is None:
        raise MisconfiguredError(
            f"{display(file)} is not in {home or 'the index'}; `cis-worker search` finds names and paths, too"
        )
    document, problem = _with_unread(document, home)
    if as_json:
        print_json(document_values(document))
    else:
        print_document(document)
    if problem:
        typer.echo(f"What was not read is shown by its reason only: {sanitise(problem)}", err=True)


def similar(
    image: Annotated[str, typer.Argument(help="A picture: one that was ingested, or any other file.")],
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most files to print.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Find ingested pictures that resemble one: 1 is the same, 0 has nothing in common.

    Example: `cis-worker similar photo.jpg --home ~/documents.cis`
    """
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    with _open_index(home) as index:
        document = _find_document(index, image)
        vector = document.vectors.image if document else None
        if vector is None:
            vector = _image_vector(image, at_home=home is not None, indexed=document is not None)
        # One more, because a picture that was ingested is its own nearest.
        near = index.similar(vector, limit=limit + 1)
    hits = [hit for hit in near if document is None or hit.file_id != document.file_id][:limit]
    if as_json:
        print_json({"hits": [_hit_values(hit) for hit in hits]})
        return
    from worker.cli.search_display import print_similar

    print_similar(hits)


@contextmanager
def _open_index(folder: Path | None) -> Iterator[SearchIndex]:
    index = _settings_index() if folder is None else _home_index(folder)
    with closing(index):
        yield index


def _home_index(folder: Path) -> SearchIndex:
    # No settings and no AWS here: importing those would cost a search ten times what the search does.
    from worker.home.folder import Home
    from worker.index.sqlite.sqlite_index import SqliteIndex

    home = Home(folder=folder)
    home.require()
    return SqliteIndex(home.index_path)


def _settings_index() -> SearchIndex:
    from worker.config import load_settings
    from worker.errors import MisconfiguredError
    from worker.services import open_index

    settings = load_settings()
    path = settings.sqlite_path
    if settings.index == "sqlite" and (path is None or not path.exists()):
        raise MisconfiguredError(
            "There is no index to query: name a folder with --home, or set CIS_INDEX=opensearch and "
            f"OPENSEARCH_ENDPOINT{f'; {path} does not exist' if path else ''}"
        )
    return open_index(settings)


def _find_document(index: SearchIndex, name: str) -> Document | None:
    """The one document of this name; a path on the disk goes before a name."""
    from worker.errors import MisconfiguredError
    from worker.home.file_walk import display

    path = display(os.path.abspath(name))  # noqa: PTH100 - may be no UTF-8
    found = [summary for summary in index.find(path) if summary.file_path == path]
    found = found or index.find(display(name))
    if len(found) > 1:
        choices = "".join(f"\n  {sanitise(summary.file_path)}" for summary in found[:_MAX_CHOICES])
        more = "\n  …" if len(found) > _MAX_CHOICES else ""
        raise MisconfiguredError(
            f"{display(name)} matches {len(found)} files; give the path of one:{choices}{more}"
        )
    return index.document(found[0].file_id) if found else None


def _with_unread(document: Document, home: Path | None) -> tuple[Document, str]:
    """The document with the list of what was not read, which its artifact has, and why that cannot be shown.

    Without the list its reason stands for it, which the index has.
    """
    from worker.models.unread import Unread
    from worker.runtime.remedies import remedy

    unread, problem = _unread_of_artifact(document, home)
    if not unread and document.reason is not None:
        unread = (Unread(page=0, code=document.reason, help=remedy(document.reason)),)
        # Since there are lists, each reason is in one.
        problem = problem or "its artifact is of an older version and has no list"
    return replace(document, unread=unread), problem if document.artifact_key else ""


def _unread_of_artifact(document: Document, home: Path | None) -> tuple[tuple[Unread, ...], str]:
    """The list of the stored artifact; none, with the problem, where it cannot be had."""
    from worker.document.packing import UNREADABLE, unpack_unread
    from worker.errors import WorkerError

    if not document.artifact_key:
        return (), ""
    try:
        data = _artifact(document.artifact_key, home)
        return ((), _no_artifact(home)) if data is None else (unpack_unread(data), "")
    except WorkerError as error:
        return (), str(error)
    except OSError as error:  # of the file, or of its compression
        return (), f"its artifact cannot be read ({error.strerror or error})"
    except UNREADABLE as error:
        return (), f"its artifact is damaged ({type(error).__name__})"


def _no_artifact(home: Path | None) -> str:
    return f"its artifact is no longer in {home or 'the results bucket (CIS_RESULTS_BUCKET)'}"


def _artifact(key: str, home: Path | None) -> bytes | None:
    """The stored artifact; None where it is gone, or nothing says where it is stored. Raises WorkerError."""
    if home is not None:
        path = home / key
        return path.read_bytes() if path.is_file() else None
    from worker.aws.clients import make_clients
    from worker.aws.storage_handler import StorageHandler
    from worker.config import load_settings

    settings = load_settings()
    if not settings.results_bucket:
        return None
    clients = make_clients(region=settings.aws_region)
    return StorageHandler(clients.s3, results_bucket=settings.results_bucket).get(key)


def _image_vector(image: str, *, at_home: bool, indexed: bool) -> tuple[float, ...]:
    from worker import services
    from worker.config import load_settings
    from worker.document.options_from_settings import read_options
    from worker.errors import MisconfiguredError
    from worker.home.file_walk import display
    from worker.home.picture_query import embed_locally, picture_vector

    path = Path(image)
    if not path.is_file():
        raise MisconfiguredError(
            f"{display(image)} has no image vector; name a picture"
            if indexed
            else f"{display(image)} is neither a file nor the name of an ingested one"
        )
    settings = load_settings()
    embed = (
        partial(embed_locally, model=settings.image_model) if at_home else services.picture_embedder(settings)
    )
    return picture_vector(path, embed=embed, options=read_options(settings), work_dir=settings.work_dir)


def _hit_values(hit: SearchHit | SimilarHit) -> dict[str, object]:
    from worker.index.search_index import SearchHit

    hidden = {"file_id"} if isinstance(hit, SearchHit) and hit.lacks_text else {"file_id", "state", "reason"}
    if isinstance(hit, SearchHit) and not hit.member_path:
        hidden.add("member_path")
    return {name: value for name, value in asdict(hit).items() if name not in hidden}
