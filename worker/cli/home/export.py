"""The command `export`: the text of a home taken along, as text, Markdown, JSON lines or searchable PDF."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from worker.cli.home.opening import HomeOption, existing_home

if TYPE_CHECKING:
    from worker.index.sqlite.file_list import ListedFile
    from worker.models.document import Document

_STANDARD_OUTPUT = Path("-")


class Format(StrEnum):
    """How the text is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSONL = "jsonl"
    PDF = "pdf"


def export(
    to: Annotated[
        Path, typer.Option("--to", metavar="OUT", help="Folder to write into; for jsonl a file, - is stdout.")
    ],
    home: HomeOption = None,
    form: Annotated[Format, typer.Option("--format", help="One file a document, or a line.")] = Format.TEXT,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over what is in OUT.")] = False,
) -> None:
    """Write the text of all files of a home: as text or Markdown below a folder, or as JSON lines.

    Below OUT the folders are those of the files, from the one that all share; pages of text are parted by
    a form feed. Files without text are in the JSON lines only, with the reason.
    With `--format pdf` PDFs and pictures become PDFs that look as they did, with what was read of scanned
    pages as text that can be searched and copied; other files are written as text.
    Exit status: 0, 1 when there is nothing to write or a PDF cannot be made, 2 when it cannot be read or
    written.

    Example: `cis-worker export --to ~/texts --format markdown --home ~/documents.cis`
    """
    from worker.index.sqlite.file_list import read_files
    from worker.index.sqlite.sqlite_index import SqliteIndex

    place = existing_home(home)
    path = place.index_path
    files = list(read_files(path))
    with closing(SqliteIndex(path)) as index:
        documents = (document for file in files if (document := index.document(file.file_id)) is not None)
        if form is Format.JSONL:
            written = _write_lines(documents, to, overwrite=overwrite)
        elif form is Format.PDF:
            from worker.cli.home.export_pdf import write_pdfs

            raise typer.Exit(write_pdfs(documents, files, to, place, overwrite=overwrite))
        else:
            written = _write_files(documents, files, to, form, overwrite=overwrite)
    without = len(files) - written
    lacking = f"; {without:,} without text" if without else ""
    typer.echo(f"{written:,} of {len(files):,} files written to {to}{lacking}", err=True)
    raise typer.Exit(0 if written else 1)


def _write_files(
    documents: Iterator[Document], files: list[ListedFile], to: Path, form: Format, *, overwrite: bool
) -> int:
    from worker.home.export import ExportFolder, as_markdown, as_text

    suffix, write = (".md", as_markdown) if form is Format.MARKDOWN else (".txt", as_text)
    folder = ExportFolder(to, paths=[file.file_path for file in files], suffix=suffix, overwrite=overwrite)
    written = 0
    for document in documents:
        if document.text_chars:
            folder.write(document.file_path, write(document))
            written += 1
    return written


def _write_lines(documents: Iterator[Document], to: Path, *, overwrite: bool) -> int:
    from worker.cli.search_display import document_values

    written = 0
    with _lines_to(to, overwrite=overwrite) as out:
        for written, document in enumerate(documents, start=1):  # noqa: B007 - the last is the count
            out.write(json.dumps(document_values(document), ensure_ascii=False) + "\n")
    return written


@contextmanager
def _lines_to(to: Path, *, overwrite: bool) -> Iterator[TextIO]:
    """The file, or standard output, as UTF-8. Raises MisconfiguredError."""
    from io import TextIOWrapper

    from worker.errors import MisconfiguredError
    from worker.home.folder import translate_os_errors

    if to == _STANDARD_OUTPUT:
        if isinstance(sys.stdout, TextIOWrapper):
            # JSON is UTF-8, whatever the locale of the terminal.
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    if to.exists() and not overwrite:
        raise MisconfiguredError(f"{to} exists; name another file, or write over it with --overwrite")
    with translate_os_errors(to), to.open("w", encoding="utf-8") as file:
        yield file
