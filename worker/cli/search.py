"""The commands that query an index, of a home folder or of the settings: search, similar."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.home.opening import GroupsOption, HomeOption, find_document, open_index
from worker.cli.printing import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def search(
    query: Annotated[
        list[str], typer.Argument(help='Words, "a phrase", -without, this OR that, type:pdf ...')
    ],
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most files to print.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="How many of the best files to leave out.")] = 0,
    groups: GroupsOption = None,
    as_json: AsJson = False,
) -> None:
    """Find files by their text, name or path; each hit names the page that matches best.

    A file must contain every word; where none does, those with most of them are shown, and that is said.
    Page 0 means that only its name or path contain them. `-word` excludes, `OR` takes either of two words;
    type:pdf, path:folder, lang:ja, state:partial, page:3, after:2024-05 and before:2025 filter.
    Exit status: 0, 1 when no file matches, 2 when the index cannot be read or nothing is asked for.

    Example: `cis-worker search '営業報告書 -下書き type:pdf' --home ~/docs.cis`
    """
    from worker.index.search_query import parse_query

    if unknown := [word for word in query if word.startswith("--")]:
        raise typer.BadParameter(f"There is no option {unknown[0]}; a word is excluded by one dash.")
    asked = " ".join(query)
    if parse_query(asked).is_empty:
        raise typer.BadParameter(f"Nothing to search for in {asked!r}: give words of a text or a name.")
    with open_index(home) as (index, _):
        found = index.search(asked, limit=limit, offset=offset, groups=groups, facets=as_json)
    from worker.cli.search_display import hit_values, print_hits

    if as_json:
        print_json(
            {
                "total": found.total,
                "tier": found.tier.value,
                "notes": list(found.notes),
                "suggestion": found.suggestion or None,
                "missing": found.missing,
                "has_next": found.total > offset + len(found.hits),
                "hits": [hit_values(hit) for hit in found.hits],
                "facets": found.facets,
            }
        )
    else:
        print_hits(found, offset=offset)
    raise typer.Exit(0 if found.hits else 1)


def similar(
    image: Annotated[str, typer.Argument(help="A picture: one that was ingested, or any other file.")],
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most files to print.")] = 5,
    groups: GroupsOption = None,
    as_json: AsJson = False,
) -> None:
    """Find ingested pictures that resemble one: 1 is the same, 0 has nothing in common.

    Example: `cis-worker similar photo.jpg --home ~/documents.cis`
    """
    from worker.runtime import log

    log.configure("error", stream=sys.stderr)
    with open_index(home) as (index, folder):
        document = find_document(index, image, groups)
        vector = document.vectors.image if document else None
        if vector is None:
            vector = _image_vector(image, at_home=folder is not None, indexed=document is not None)
        # One more, because a picture that was ingested is its own nearest.
        near = index.similar(vector, limit=limit + 1, groups=groups)
    hits = [hit for hit in near if document is None or hit.file_id != document.file_id][:limit]
    from worker.cli.search_display import print_similar, similar_values

    if as_json:
        print_json({"hits": [similar_values(hit) for hit in hits]})
        return
    print_similar(hits)


def _image_vector(image: str, *, at_home: bool, indexed: bool) -> tuple[float, ...]:
    from worker import services
    from worker.config import load_settings
    from worker.document.options_from_settings import read_options
    from worker.errors import Code, MisconfiguredError
    from worker.home.file_walk import display
    from worker.home.picture_query import embed_locally, picture_vector

    path = Path(image)
    if not path.is_file():
        raise MisconfiguredError(
            f"{display(image)} has no image vector; name a picture"
            if indexed
            else f"{display(image)} is neither a file nor the name of an ingested one",
            code=Code.NOT_FOUND,
        )
    settings = load_settings()
    embed = (
        partial(embed_locally, model=settings.image_model) if at_home else services.picture_embedder(settings)
    )
    return picture_vector(path, embed=embed, options=read_options(settings), work_dir=settings.work_dir)
