"""How search, show and similar print what they found.

Hits are printed without rich: importing its console costs as much CPU as a search, and in a pipe it would
fold long paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from worker.cli.printing import sanitise, snippet_parts
from worker.index.search_index import SearchResult, SimilarHit, Tier
from worker.models.document import Document
from worker.models.member import member_name

if TYPE_CHECKING:
    from rich.table import Table

_MAX_UNREAD = 20


def print_hits(found: SearchResult, *, offset: int = 0) -> None:
    """Print each hit with its page, path and snippet, and how many files match.

    First what was not understood of the query, and whether the files have only a part of it.
    """
    for note in found.notes:
        typer.secho(sanitise(note), fg="yellow")
    if found.total and found.tier is Tier.MOST:
        typer.secho("No file has all of it; these come near.", fg="yellow")
    for hit in found.hits:
        name, score = (
            typer.style(sanitise(member_name(hit.file_name, hit.member_path)), bold=True),
            typer.style(f"{hit.score:.2f}", dim=True),
        )
        place = f"page {hit.page}" if hit.page else "name"
        state = f"  {hit.state.value} ({hit.reason})" if hit.lacks_text else ""
        typer.echo(f"{name}  {place}  {score}{state}")
        typer.secho(f"  {sanitise(hit.file_path)}", dim=True)
        parts = snippet_parts(hit.snippet)
        typer.echo("  " + "".join(_highlight(part) if is_match else part for part, is_match in parts))
    typer.echo(_count_text(found.total, len(found.hits), offset))


def print_similar(hits: Sequence[SimilarHit]) -> None:
    """Print each similar picture with its score."""
    for hit in hits:
        name = typer.style(sanitise(hit.file_name), bold=True)
        typer.echo(f"{typer.style(f'{hit.score:.3f}', dim=True)}  {name}")
        typer.secho(f"       {sanitise(hit.file_path)}", dim=True)
    if not hits:
        typer.echo("No ingested picture has a vector to compare with.")


def print_document(document: Document) -> None:
    """Print what the index holds of a document, and the text of its pages."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(_document_table(document))
    for page in document.pages:
        confidence = f", {page.confidence:.0f} %" if page.confidence is not None else ""
        reason = f", {page.reason}" if page.reason else ""
        name = f" of {sanitise(page.member_path)}" if page.member_path else ""
        title = f"page {page.number}{name} ({page.source.value}{confidence}{reason})"
        console.rule(Text(title), align="left")
        console.print(Text(sanitise(page.text)))


def document_values(document: Document) -> dict[str, object]:
    """A document as plain values, for JSON."""
    return {
        "file_name": document.file_name,
        "file_path": document.file_path,
        "file_id": document.file_id,
        "state": document.state.value,
        "reason": document.reason,
        "reason_message": document.reason_message,
        "unread": [asdict(each) for each in document.unread],
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
            | ({"member_path": page.member_path} if page.member_path else {})
            for page in document.pages
        ],
    }


def _highlight(text: str) -> str:
    return typer.style(text, fg="yellow", bold=True)


def _document_table(document: Document) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    state = document.state.value + (f" ({document.reason})" if document.reason else "")
    rows = {
        "file": document.file_path,
        "state": state,
        "why": document.reason_message,
        "type": document.file_type.value,
        "pages": str(len(document.pages)),
        "language": document.language or "",
        "confidence": "" if document.confidence is None else f"{document.confidence} %",
    }
    for name, value in rows.items():
        if value:
            table.add_row(Text(name, style="dim"), Text(sanitise(value)))
    for number, each in enumerate(document.unread[:_MAX_UNREAD]):
        place = f"page {each.page}: " if each.page else ""
        text = Text(sanitise(f"{place}{each.code}. {each.help}"))
        table.add_row(Text("" if number else "not read", style="dim"), text)
    if len(document.unread) > _MAX_UNREAD:
        table.add_row("", f"and {len(document.unread) - _MAX_UNREAD} more; --json has all")
    return table


def _count_text(total: int, listed: int, offset: int) -> str:
    if not total:
        return "No file matches."
    files = "1 file" if total == 1 else f"{total} files"
    if listed == total:
        return files
    last = offset + listed
    shown = f"{offset + 1} to {last} shown" if offset and listed else f"{listed} shown"
    return f"{files}, {shown}" + (f"; more with --offset {last}" if listed and last < total else "")
