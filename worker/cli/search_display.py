"""How search, show and similar print what they found.

They are printed without rich: importing its console costs as much CPU as a search, and in a pipe it would
fold long paths and the lines of a page.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import typer

from worker.cli.printing import fold, sanitise, snippet_parts
from worker.index.search_index import SearchHit, SearchResult, SimilarHit, Tier
from worker.models.document import Document
from worker.models.mail_fields import MailFields
from worker.models.member import member_name
from worker.models.metadata import FileMetadata

_MAX_UNREAD = 20
_MAX_COPIES = 3
_MAX_NAMES = 10


def print_hits(found: SearchResult, *, offset: int = 0) -> None:
    """Print each hit with its page, path and snippet, and how many files match.

    First what was not understood of the query, whether the results are partial, and whether the files have
    only a part of it.
    """
    for note in found.notes:
        typer.secho(sanitise(note), fg="yellow")
    if found.missing:
        typer.secho(f"These are partial results: {found.missing}.", fg="yellow")
    near = "No file has all of it; these come near." if found.total and found.tier is not Tier.ALL else ""
    meant = f'Did you mean "{sanitise(found.suggestion)}"?' if found.suggestion else ""
    if near or meant:
        typer.secho(" ".join(filter(None, (near, meant))), fg="yellow")
    # A pipe gets each snippet in one line, to be searched.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for hit in found.hits:
        name = typer.style(sanitise(member_name(hit.file_name, hit.member_path)), bold=True)
        place = f"page {hit.page}" if hit.page else "name"
        # Filters alone find files in the order of their dates: none is better than another.
        score = f"  {typer.style(f'{hit.score:.2f}', dim=True)}" if hit.score else ""
        state = f"  {hit.state.value} ({hit.reason})" if hit.lacks_text else ""
        typer.echo(f"{name}  {place}{score}{state}")
        typer.secho(f"  {sanitise(hit.file_path)}", dim=True)
        if hit.also_at:
            typer.secho(sanitise(f"  also at {', '.join(hit.also_at[:_MAX_COPIES])}"), dim=True)
        parts = snippet_parts(hit.snippet)
        for line in [parts] if width is None else fold(parts, width - 2):
            typer.echo("  " + "".join(_highlight(part) if is_match else part for part, is_match in line))
    typer.echo(_count_text(found.total, len(found.hits), offset))


def hit_values(hit: SearchHit) -> dict[str, object]:
    """A hit as plain values, for JSON."""
    return {
        "file_id": hit.file_id,
        "file_name": hit.file_name,
        "file_path": hit.file_path,
        "also_at": list(hit.also_at),
        "page": hit.page,
        "snippet": hit.snippet,
        "score": hit.score,
        "bucket": hit.bucket,
        "state": hit.state.value,
        "reason": hit.reason,
        "file_type": hit.file_type,
        "page_count": hit.pages,
        "matching_pages": list(hit.matching_pages),
        **({"member_path": hit.member_path} if hit.member_path else {}),
        **_metadata_values(hit.metadata),
    }


def similar_values(hit: SimilarHit) -> dict[str, object]:
    """A similar picture as plain values, for JSON."""
    return asdict(hit)


def _metadata_values(metadata: FileMetadata) -> dict[str, object]:
    """What is known beside the text; null where it is not."""
    properties = metadata.properties
    texts = {
        "date": metadata.date,
        "uploaded_at": metadata.uploaded_at,
        "last_modified": metadata.last_modified,
        "created": properties.created,
        "modified": properties.modified,
        "title": properties.title,
        "author": properties.author,
        "mime_type": metadata.mime_type,
    }
    return {
        **{name: text or None for name, text in texts.items()},
        "allowed_groups": list(metadata.allowed_groups),
        **(_mail_values(properties.mail) if properties.mail is not None else {}),
    }


def _mail_values(mail: MailFields) -> dict[str, object]:
    """The headers of a mail; all else has none of these."""
    return {
        "from": mail.sender or None,
        "to": list(mail.recipients),
        "subject": mail.subject or None,
        "sent": mail.sent or None,
    }


def print_similar(hits: Sequence[SimilarHit]) -> None:
    """Print each similar picture with its score."""
    for hit in hits:
        name = typer.style(sanitise(hit.file_name), bold=True)
        typer.echo(f"{typer.style(f'{hit.score:.3f}', dim=True)}  {name}")
        typer.secho(f"       {sanitise(hit.file_path)}", dim=True)
    if not hits:
        typer.echo("No other ingested picture has a vector to compare with.")


def print_document(
    document: Document,
    *,
    engines: Sequence[str] = (),
    thumbnail: str | None = None,
    files: Sequence[str] = (),
) -> None:
    """Print what the index holds of a document, lines of the files in it, and the text of its pages."""
    for name, value in _facts(document, {"read by": ", ".join(engines), "thumbnail": thumbnail or ""}):
        typer.echo(f"{typer.style(f'{name:<10}', dim=True)}  {sanitise(value)}".rstrip())
    if files:
        typer.secho("── files in it ──", fg="green")
    for line in files:
        typer.echo(line)
    for page in document.pages:
        confidence = f", {page.confidence:.0f} %" if page.confidence is not None else ""
        reason = f", {page.reason}" if page.reason else ""
        name = f" of {sanitise(page.member_path)}" if page.member_path else ""
        typer.secho(f"── page {page.number}{name} ({page.source.value}{confidence}{reason}) ──", fg="green")
        typer.echo(sanitise(page.text))


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
        "bucket": document.bucket,
        "page_count": len(document.pages),
        **_metadata_values(document.metadata),
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


def _facts(document: Document, more: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is known of a document, name and value, and what was not read of it."""
    metadata = document.metadata
    mail = metadata.properties.mail or MailFields()
    rows = {
        "file": document.file_path,
        "state": document.state.value + (f" ({document.reason})" if document.reason else ""),
        "why": document.reason_message,
        "type": document.file_type.value,
        "pages": str(len(document.pages)),
        "title": metadata.properties.title,
        "author": "" if mail.sender else metadata.properties.author,
        "from": mail.sender,
        "to": _names(mail.recipients),
        "date": metadata.date,
        "groups": ", ".join(metadata.allowed_groups),
        "language": document.language or "",
        "confidence": "" if document.confidence is None else f"{document.confidence} %",
        **more,
    }
    yield from ((name, value) for name, value in rows.items() if value)
    for number, each in enumerate(document.unread[:_MAX_UNREAD]):
        place = f"page {each.page}: " if each.page else ""
        yield ("" if number else "not read"), f"{place}{each.code}. {each.help}"
    if len(document.unread) > _MAX_UNREAD:
        yield "", f"and {len(document.unread) - _MAX_UNREAD} more; --json has all"


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _count_text(total: int, listed: int, offset: int) -> str:
    if not total:
        return "No file matches."
    files = "1 file" if total == 1 else f"{total} files"
    if listed == total:
        return files
    last = offset + listed
    shown = f"{offset + 1} to {last} shown" if offset and listed else f"{listed} shown"
    return f"{files}, {shown}" + (f"; more with --offset {last}" if listed and last < total else "")
