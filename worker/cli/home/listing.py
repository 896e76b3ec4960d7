"""The command `list`: which files are in a home, with state and reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.home.opening import HomeOption, existing_home
from worker.cli.printing import print_json, sanitise

if TYPE_CHECKING:
    from worker.index.sqlite.file_list import ListedFile


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChoice:
    """Which files are listed; what is empty chooses all."""

    states: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    unread: bool = False

    def takes(self, file: ListedFile) -> bool:
        """Whether a file is among them."""
        return (
            (not self.states or file.state in self.states)
            and (not self.reasons or not set(self.reasons).isdisjoint(file.codes))
            and (not self.types or file.file_type in self.types)
            and (not self.unread or file.is_unread)
        )


def list_files(
    home: HomeOption = None,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="indexed, partial, no_content ...")
    ] = None,
    reason: Annotated[
        list[str] | None, typer.Option("--reason", help="A code, of the file or one of its pages.")
    ] = None,
    file_type: Annotated[list[str] | None, typer.Option("--type", help="pdf, image, docx ...")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only what was not wholly read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a file.")] = False,
) -> None:
    """List the files of a home with their state, the reason of what was not read, type and pages.

    Options of one name add up: `--state partial --state no_content` lists both.
    Exit status: 0, 1 when no file is listed, 2 when the index cannot be read.

    Example: `cis-worker list --unread --home ~/documents.cis`
    """
    from worker.index.sqlite.file_list import read_files

    choice = FileChoice(
        states=_known("--state", state, _states()),
        reasons=_known("--reason", reason, _codes()),
        types=_known("--type", file_type, _types()),
        unread=unread,
    )
    files = filter(choice.takes, read_files(existing_home(home).index_path))
    count = _print_lines(files) if as_json else _print_texts(files)
    raise typer.Exit(0 if count else 1)


def _print_lines(files: Iterator[ListedFile]) -> int:
    count = 0
    for count, file in enumerate(files, start=1):  # noqa: B007 - the last is the count
        print_json(asdict(file))
    return count


def _print_texts(files: Iterator[ListedFile]) -> int:
    """Print a line a file, the path after the columns, as it may have any length; then what to do."""
    from collections import Counter

    from worker.home.remedies import home_remedy

    count, reasons = 0, Counter[str]()
    for count, file in enumerate(files, start=1):  # noqa: B007 - the last is the count
        reasons.update(file.codes)
        pages = f"{file.pages} p." if file.pages else ""
        why = f"  ({', '.join(map(sanitise, file.codes))})" if file.codes else ""
        columns = f"{file.state.value:<10}  {file.file_type.value:<11}  {pages:>6}"
        typer.echo(f"{columns}  {sanitise(file.file_path)}{why}")
    typer.echo("No file." if not count else "1 file" if count == 1 else f"{count:,} files")
    for code, times in reasons.most_common():
        typer.echo(f"{times:,} {sanitise(code)}: {home_remedy(code)}")
    return count


def _known(option: str, values: list[str] | None, known: frozenset[str]) -> tuple[str, ...]:
    """The values; one that no file can have is a mistake of spelling."""
    for value in values or ():
        if value not in known:
            raise typer.BadParameter(f"{value} is none of {', '.join(sorted(known))}", param_hint=option)
    return tuple(values or ())


def _states() -> frozenset[str]:
    from worker.models.ledger import State

    return frozenset(state.value for state in State if state is not State.TOMBSTONED)


def _codes() -> frozenset[str]:
    from worker.errors import Code

    return frozenset(code.value for code in Code)


def _types() -> frozenset[str]:
    from worker.models.file import FileType

    return frozenset(file_type.value for file_type in FileType)
