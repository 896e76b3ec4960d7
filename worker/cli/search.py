"""The commands that ask an index: search, show, similar; of a home folder, or the one the settings name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker import services
from worker.cli.printing import highlighted, plain, print_json
from worker.config import load_settings
from worker.document.options_from_settings import read_options
from worker.errors import MisconfiguredError
from worker.home.file_walk import display
from worker.home.folder import Home
from worker.home.picture_query import embed_here, picture_vector
from worker.index.search_index import SearchHit, SearchIndex, SimilarHit
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.runtime import log

_SHOWN_CHOICES = 10

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder that `cis-worker ingest` keeps its index in. Without it the index the settings name "
        "(CIS_INDEX) is asked.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def search(
    query: Annotated[str, typer.Argument(help='Words, or "a phrase" in double quotes.')],
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most files to print.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find files by their text, name or path; each hit names the page that matches best.

    A file must contain every word. Page 0 says that only its name or path do.

    Example: `cis-worker search 営業報告書 --home ~/documents.cis`
    """
    with _index(home) as index:
        found = index.search(query, limit=limit)
    if as_json:
        print_json({"total": found.total, "hits": [_hit(hit) for hit in found.hits]})
        return
    console = Console(highlight=False)
    for hit in found.hits:
        page = f"page {hit.page}" if hit.page else "name"
        console.print(
            Text.assemble((plain(hit.file_name), "bold"), f"  {page}  ", (f"{hit.score:.2f}", "dim"))
        )
        console.print(Text(f"  {plain(hit.file_path)}", style="dim"))
        console.print(Text("  ").append_text(highlighted(hit.snippet)))
    console.print(_counted(found.total, len(found.hits)))


def show(
    file: Annotated[str, typer.Argument(help="Path, file name or file_id.")],
    home: HomeOption = None,
    as_json: AsJson = False,
) -> None:
    """Show what is known of one file, with the text of every page.

    Example: `cis-worker show 報告書.pdf --home ~/documents.cis --json`
    """
    with _index(home) as index:
        document = _document(index, file)
    if document is None:
        raise MisconfiguredError(
            f"{display(file)} is not in {home or 'the index'}; `cis-worker search` finds names and paths, too"
        )
    if as_json:
        print_json(_as_dict(document))
        return
    console = Console(highlight=False)
    console.print(_facts(document))
    for page in document.pages:
        read = f", {page.confidence:.0f} %" if page.confidence is not None else ""
        reason = f", {page.reason}" if page.reason else ""
        console.rule(f"page {page.number} ({page.source.value}{read}{reason})", align="left")
        console.print(Text("\n".join(map(plain, page.text.split("\n")))))


def similar(
    image: Annotated[str, typer.Argument(help="A picture: one that was ingested, or any other file.")],
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most files to print.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Find ingested pictures that look like one: 1 is the same, 0 has nothing in common.

    Example: `cis-worker similar photo.jpg --home ~/documents.cis`
    """
    log.configure("error", stream=sys.stderr)
    with _index(home) as index:
        document = _document(index, image)
        vector = document.vectors.image if document else None
        if vector is None:
            vector = _vector_of(image, at_home=home is not None, known=document is not None)
        # One more, because a picture that was ingested is its own nearest.
        near = index.similar(vector, limit=limit + 1)
    hits = [hit for hit in near if document is None or hit.file_id != document.file_id][:limit]
    if as_json:
        print_json({"hits": [_similar_hit(hit) for hit in hits]})
        return
    console = Console(highlight=False)
    for hit in hits:
        console.print(Text.assemble((f"{hit.score:.3f}  ", "dim"), (plain(hit.file_name), "bold")))
        console.print(Text(f"       {plain(hit.file_path)}", style="dim"))
    if not hits:
        console.print("No ingested picture has a vector to compare with.")


@contextmanager
def _index(folder: Path | None) -> Iterator[SearchIndex]:
    with closing(_open(folder)) as index:
        yield index


def _open(folder: Path | None) -> SearchIndex:
    if folder is not None:
        home = Home(folder=folder)
        home.require()
        return SqliteIndex(home.index_path)
    settings = load_settings()
    path = settings.sqlite_path
    if settings.index == "sqlite" and (path is None or not path.exists()):
        raise MisconfiguredError(
            "There is no index to ask: name a folder with --home, or set CIS_INDEX=opensearch and "
            f"OPENSEARCH_ENDPOINT{f'; {path} does not exist' if path else ''}"
        )
    return services.open_index(settings)


def _document(index: SearchIndex, asked: str) -> Document | None:
    """The one document that is meant; a path on the disk is meant before a name."""
    path = display(os.path.abspath(asked))  # noqa: PTH100 - may be no UTF-8
    found = [summary for summary in index.find(path) if summary.file_path == path]
    found = found or index.find(display(asked))
    if len(found) > 1:
        choices = "".join(f"\n  {plain(summary.file_path)}" for summary in found[:_SHOWN_CHOICES])
        more = "\n  …" if len(found) > _SHOWN_CHOICES else ""
        raise MisconfiguredError(
            f"{len(found)} files are meant by {display(asked)}; name one:{choices}{more}"
        )
    return index.document(found[0].file_id) if found else None


def _vector_of(image: str, *, at_home: bool, known: bool) -> tuple[float, ...]:
    path = Path(image)
    if not path.is_file():
        raise MisconfiguredError(
            f"{display(image)} has no image vector; name a picture"
            if known
            else f"{display(image)} is neither a file nor the name of an ingested one"
        )
    settings = load_settings()
    here = partial(embed_here, model=settings.image_model)
    return picture_vector(
        path,
        embed=here if at_home else services.picture_embedder(settings),
        options=read_options(settings),
        work_dir=settings.work_dir,
    )


def _hit(hit: SearchHit) -> dict[str, object]:
    return {name: value for name, value in asdict(hit).items() if name != "file_id"}


def _similar_hit(hit: SimilarHit) -> dict[str, object]:
    return {name: value for name, value in asdict(hit).items() if name != "file_id"}


def _as_dict(document: Document) -> dict[str, object]:
    return {
        "file_name": document.file_name,
        "file_path": document.file_path,
        "file_id": document.file_id,
        "state": document.state.value,
        "reason": document.reason,
        "reason_message": document.reason_message,
        "file_type": document.file_type.value,
        "size_bytes": document.size_bytes,
        "language": document.language,
        "confidence": document.confidence,
        "text_sources": list(document.text_sources),
        "text_chars": document.text_chars,
        "sha256": document.content_hash,
        "indexed_at": document.indexed_at,
        "has_image_vector": document.vectors.image is not None,
        "vectors_pending": document.vectors.pending,
        "pages": [
            {
                "number": page.number,
                "text": page.text,
                "source": page.source.value,
                "confidence": page.confidence,
                "language": page.language,
                "reason": page.reason,
            }
            for page in document.pages
        ],
    }


def _facts(document: Document) -> Table:
    table = Table.grid(padding=(0, 2))
    state = document.state.value + (f" ({document.reason})" if document.reason else "")
    facts = {
        "file": document.file_path,
        "state": state,
        "why": document.reason_message,
        "type": document.file_type.value,
        "pages": str(len(document.pages)),
        "language": document.language or "",
        "confidence": "" if document.confidence is None else f"{document.confidence} %",
    }
    for name, value in facts.items():
        if value:
            table.add_row(Text(name, style="dim"), Text(plain(value)))
    return table


def _counted(total: int, shown: int) -> str:
    if not total:
        return "No file has it."
    files = "1 file" if total == 1 else f"{total} files"
    return files if shown == total else f"{files}, {shown} shown"
