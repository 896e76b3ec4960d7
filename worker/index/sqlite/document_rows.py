"""A document as rows of the SQLite index's tables, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from worker.index.analysis.characters import replace_surrogates
from worker.index.query import fold, fold_path
from worker.index.search_index import IndexEntry
from worker.index.sqlite.metadata_columns import insert_metadata, load_metadata
from worker.models.document import Document, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

FLOAT = "<f4"
"""How the numbers of a vector are stored, as numpy names it."""
_FLOAT_BYTES = 4

_INSERT_FILE = """
INSERT INTO files (
    file_id, version, bucket, key, file_name, file_path, folded_name, folded_path, size_bytes, file_type,
    state, reason, reason_message, content_hash, thumbnail_key, artifact_key, image_model, text_model,
    vectors_pending, indexed_at
) VALUES (
    :file_id, :version, :bucket, :key, :file_name, :file_path, :folded_name, :folded_path, :size_bytes,
    :file_type, :state, :reason, :reason_message, :content_hash, :thumbnail_key, :artifact_key,
    :image_model, :text_model, :vectors_pending, :indexed_at
)
"""


def insert_document(connection: sqlite3.Connection, document: Document, version: int) -> int:
    """Insert a document that has no rows yet; returns its id in `files`."""
    file = _insert_file(connection, document, version)
    _insert_content(connection, file, document)
    insert_metadata(connection, file, document)
    return file


def stored_bytes(document: Document) -> int:
    """The size of a document's texts, pictures and vectors; the terms of the full text come on top."""
    vectors = (document.vectors.image or (), *document.vectors.text)
    return (
        sum(len(page.text.encode("utf-8", "replace")) for page in document.pages)
        + len(document.thumbnail or b"")
        + _FLOAT_BYTES * sum(map(len, vectors))
    )


def _insert_file(connection: sqlite3.Connection, document: Document, version: int) -> int:
    values = {
        "file_id": document.file_id,
        "bucket": replace_surrogates(document.bucket),
        "key": replace_surrogates(document.key),
        "file_name": replace_surrogates(document.file_name),
        "file_path": replace_surrogates(document.file_path),
        "folded_name": fold(document.file_name),
        "folded_path": fold_path(document.file_path),
        "size_bytes": document.size_bytes,
        "file_type": document.file_type,
        "state": document.state,
        "reason": document.reason,
        "reason_message": replace_surrogates(document.reason_message),
        "content_hash": document.content_hash,
        "thumbnail_key": document.thumbnail_key,
        "artifact_key": document.artifact_key,
        "image_model": document.vectors.image_model,
        "text_model": document.vectors.text_model,
        "vectors_pending": document.vectors.pending,
        "indexed_at": document.indexed_at,
        "version": version,
    }
    return int(connection.execute(_INSERT_FILE, values).lastrowid or 0)


def _insert_content(connection: sqlite3.Connection, file: int, document: Document) -> None:
    connection.executemany(
        "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                file,
                page.number,
                replace_surrogates(page.text),
                page.source,
                page.language,
                page.confidence,
                page.reason,
                replace_surrogates(page.member_path),
            )
            for page in document.pages
        ),
    )
    if document.thumbnail is not None:
        connection.execute("INSERT INTO thumbnails VALUES (?, ?)", (file, document.thumbnail))
    if document.vectors.image is not None:
        connection.execute("INSERT INTO image_vectors VALUES (?, ?)", (file, _floats(document.vectors.image)))
    connection.executemany(
        "INSERT INTO text_vectors VALUES (?, ?, ?)",
        ((file, number, _floats(vector)) for number, vector in enumerate(document.vectors.text)),
    )


def _floats(vector: Sequence[float]) -> bytes:
    import numpy as np  # noqa: PLC0415 - a file without vectors needs none

    return np.asarray(vector, dtype=FLOAT).tobytes()


def _tuple(floats: bytes) -> tuple[float, ...]:
    import numpy as np  # noqa: PLC0415 - a file without vectors needs none

    return tuple(np.frombuffer(floats, dtype=FLOAT).tolist())


def load_document(connection: sqlite3.Connection, row: sqlite3.Row) -> Document:
    """The document of a row of `files`, with its pages, vectors and thumbnail."""
    file = (row["id"],)
    image = connection.execute("SELECT floats FROM image_vectors WHERE file = ?", file).fetchone()
    text = connection.execute("SELECT floats FROM text_vectors WHERE file = ? ORDER BY number", file)
    thumbnail = connection.execute("SELECT webp FROM thumbnails WHERE file = ?", file).fetchone()
    return replace(
        load_text(connection, row),
        vectors=Vectors(
            image=_tuple(image["floats"]) if image else None,
            image_model=row["image_model"],
            text=tuple(_tuple(vector["floats"]) for vector in text),
            text_model=row["text_model"],
            pending=bool(row["vectors_pending"]),
        ),
        thumbnail=thumbnail["webp"] if thumbnail else None,
    )


def load_text(connection: sqlite3.Connection, row: sqlite3.Row) -> Document:
    """The same without vectors and thumbnail, which are most of its bytes."""
    pages = connection.execute("SELECT * FROM pages WHERE file = ? ORDER BY number", (row["id"],))
    return Document(
        file_id=row["file_id"],
        bucket=row["bucket"],
        key=row["key"],
        file_name=row["file_name"],
        file_path=row["file_path"],
        size_bytes=row["size_bytes"],
        file_type=FileType(row["file_type"]),
        state=State(row["state"]),
        pages=tuple(_page(page) for page in pages),
        reason=row["reason"],
        reason_message=row["reason_message"],
        content_hash=row["content_hash"],
        thumbnail_key=row["thumbnail_key"],
        artifact_key=row["artifact_key"],
        indexed_at=row["indexed_at"],
        metadata=load_metadata(connection, row["id"]),
    )


def to_entry(row: sqlite3.Row) -> IndexEntry:
    """What a row of `files` says of its file."""
    return IndexEntry(
        file_id=row["file_id"],
        version=row["version"],
        state=State(row["state"]),
        bucket=row["bucket"],
        key=row["key"],
        content_hash=row["content_hash"],
    )


def _page(row: sqlite3.Row) -> Page:
    return Page(
        number=row["number"],
        text=row["text"],
        source=TextSource(row["source"]),
        language=row["language"],
        confidence=row["confidence"],
        reason=row["reason"],
        member_path=row["member_path"],
    )
