"""The command `export --format pdf`: one PDF a PDF or picture, the text of everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from worker.cli.printing import sanitise

if TYPE_CHECKING:
    from worker.cli.progress_line import ProgressLine
    from worker.home.export import ExportFolder
    from worker.home.folder import Home
    from worker.home.transfer.searchable_export import SearchableExport
    from worker.index.sqlite.file_list import ListedFile
    from worker.models.document import Document

_WHAT = "exporting"


def write_pdfs(
    documents: Iterator[Document], files: list[ListedFile], to: Path, home: Home, *, overwrite: bool
) -> int:
    """Write a file for each document with text; the exit status."""
    from worker.cli.progress_line import ProgressLine
    from worker.config import load_settings
    from worker.document.options_from_settings import read_options
    from worker.home.export import ExportFolder
    from worker.home.transfer.searchable_export import SearchableExport

    settings = load_settings()
    folder = ExportFolder(to, paths=[file.file_path for file in files], suffix=".txt", overwrite=overwrite)
    export = SearchableExport(home, options=read_options(settings), work_dir=settings.work_dir)
    counts: Counter[str] = Counter()
    with ProgressLine(_WHAT) as line:
        for number, document in enumerate(documents, start=1):
            line.show(_WHAT, f"{number:,} of {len(files):,} files")
            counts[_write(document, folder, export, line) if document.text_chars else "empty"] += 1
    typer.echo(_summary(counts, len(files), to), err=True)
    return 0 if counts["pdf"] + counts["text"] and not counts["fault"] else 1


def _write(document: Document, folder: ExportFolder, export: SearchableExport, line: ProgressLine) -> str:
    """Write one document; as what."""
    from worker.errors import RejectedError
    from worker.home.export import as_text
    from worker.home.transfer.searchable_export import can_be_searchable

    form = "text"
    if can_be_searchable(document.file_type):
        try:
            with export.open(document) as pdf:
                folder.copy_pdf(document.file_path, pdf.file)
        except RejectedError as error:
            form = "fault"
            line.say(f"{_name(document)}: {sanitise(str(error))}; only its text was written")
        else:
            if pdf.lost:
                lost = ", ".join(map(str, pdf.lost))
                line.say(f"{_name(document)}: could not be drawn and is not in the PDF: page {lost}")
            return "pdf"
    folder.write(document.file_path, as_text(document))
    return form


def _name(document: Document) -> str:
    return sanitise(document.file_path)


def _summary(counts: Counter[str], files: int, to: Path) -> str:
    parts = [f"{counts['pdf']:,} of {files:,} files written to {to} as searchable PDF"]
    reasons = {
        "text": "written as text, being neither PDF nor picture",
        "fault": "written as text only, as said above",
        "empty": "without text",
    }
    parts += [f"{counts[form]:,} {reason}" for form, reason in reasons.items() if counts[form]]
    return "; ".join(parts)
