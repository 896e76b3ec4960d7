"""Which home a command means, and how the index of one is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import sanitise

if TYPE_CHECKING:
    from worker.home.folder import Home
    from worker.index.search_index import FileSummary, SearchIndex
    from worker.models.document import Document

_MAX_CHOICES = 10

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        envvar="CIS_HOME",
        help="Folder of index, manifest and artifacts; else the user's data folder.",
    ),
]

GroupsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--groups",
        metavar="NAME",
        help="Only files that this group may see, or everyone; given again, of either. Without it all files.",
    ),
]


def home_folder(folder: Path | None) -> Home:
    """The home of the option, else the one in the user's data folder."""
    from worker.home.folder import Home

    if folder is None:
        # Only here: reading settings costs more than a search in a folder that is named.
        from worker.config import user_data_folder

        folder = user_data_folder()
    return Home(folder=folder.absolute())


def home_or_fleet(folder: Path | None) -> Home | None:
    """The home of the option; without it that of the user, if the settings name no queue and it is filled."""
    if folder is not None:
        return home_folder(folder)
    from worker.config import load_settings

    home = home_folder(None)
    return home if home.index_path.exists() and not load_settings().queue_url else None


def existing_home(folder: Path | None) -> Home:
    """The home, in which something was ingested; raises MisconfiguredError otherwise."""
    home = home_folder(folder)
    home.require()
    return home


@contextmanager
def open_index(folder: Path | None) -> Iterator[tuple[SearchIndex, Home | None]]:
    """The index to query, and its home; that of the settings (None) where these name one and no home is."""
    index, home = _home_index(folder) if folder is not None else _settings_index()
    with closing(index):
        yield index, home


def _home_index(folder: Path | None) -> tuple[SearchIndex, Home]:
    # No settings and no AWS here: importing those would cost a search ten times what the search does.
    from worker.index.sqlite.sqlite_index import SqliteIndex

    home = existing_home(folder)
    return SqliteIndex(home.index_path), home


def _settings_index() -> tuple[SearchIndex, Home | None]:
    from worker.config import load_settings
    from worker.errors import MisconfiguredError
    from worker.services import open_index as open_settings_index

    settings = load_settings()
    path = settings.sqlite_path
    if settings.index == "sqlite" and path is None:
        return _home_index(None)
    if path is not None and settings.index == "sqlite" and not path.exists():
        raise MisconfiguredError(
            f"There is no index to query: {path} (CIS_SQLITE_PATH) does not exist; name a folder with --home"
        )
    return open_settings_index(settings), None


def find_document(index: SearchIndex, name: str, groups: list[str] | None = None) -> Document | None:
    """The one document of this name that may be seen; a path on the disk goes before a name."""
    from worker.errors import MisconfiguredError
    from worker.home.file_walk import display

    path = display(os.path.abspath(name))  # noqa: PTH100 - may be no UTF-8
    found = [summary for summary in index.find(path, groups=groups) if summary.file_path == path]
    found = found or index.find(display(name), groups=groups)
    if len(found) > 1:
        raise MisconfiguredError(
            f"{display(name)} matches {len(found)} files; give the path of one:{_choices(found)}"
        )
    return index.document(found[0].file_id, groups=groups) if found else None


def _choices(found: list[FileSummary]) -> str:
    paths = [summary.file_path for summary in found]
    lines = [
        # Two files can have one path only where its bytes are no text; their ids differ.
        f"\n  {sanitise(each.file_path)}" + (f" ({each.file_id})" if paths.count(each.file_path) > 1 else "")
        for each in found[:_MAX_CHOICES]
    ]
    return "".join(lines) + ("\n  …" if len(found) > _MAX_CHOICES else "")
