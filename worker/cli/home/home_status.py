"""What a home holds, in counts: `status --home`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from worker.cli.printing import print_json, sanitise

if TYPE_CHECKING:
    from worker.home.folder import Home
    from worker.index.sqlite.file_list import ListedFile


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeStatus:
    """Files by state, and the reasons of those that were not wholly read; `last` is the latest result."""

    home: str
    files: int
    pages: int
    size_bytes: int
    states: dict[str, int]
    reasons: dict[str, int]
    last: str


def count_files(folder: str, files: Iterable[ListedFile]) -> HomeStatus:
    """The files of a home counted."""
    count = pages = size_bytes = 0
    states, reasons, last = Counter[str](), Counter[str](), ""
    for file in files:
        count += 1
        pages += file.pages
        size_bytes += file.size_bytes
        states[file.state.value] += 1
        reasons.update(file.codes)
        last = max(last, file.indexed_at)
    return HomeStatus(
        home=folder,
        files=count,
        pages=pages,
        size_bytes=size_bytes,
        states=dict(states.most_common()),
        reasons=dict(reasons.most_common()),
        last=last,
    )


def print_home_status(home: Home, *, as_json: bool) -> None:
    """Print how many files of a home have which state and reason; raises MisconfiguredError without one."""
    from worker.home.remedies import home_remedy
    from worker.index.sqlite.file_list import read_files

    home.require()
    found = count_files(str(home.folder), read_files(home.index_path))
    if as_json:
        print_json(asdict(found))
        return
    size = f"{found.size_bytes / 1024**2:,.1f} MiB"
    typer.echo(f"{sanitise(found.home)}: {found.files:,} files, {found.pages:,} pages, {size}")
    for state, files in found.states.items():
        typer.echo(f"  {state:<13} {files:>8,}")
    for code, files in found.reasons.items():
        typer.echo(f"{files:,} {sanitise(code)}: {home_remedy(code)}")
    if found.last:
        typer.echo(f"The latest was read at {found.last[:16].replace('T', ' ')} UTC.")
    if found.reasons:
        typer.echo(f"Which files: cis-worker list --unread --home {shlex.quote(found.home)}")
