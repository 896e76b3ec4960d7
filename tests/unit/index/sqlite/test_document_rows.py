"""A document as rows, and back; searches are tested in test_search_index.py."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from worker.index.sqlite.document_rows import insert_document, load_document
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.models.document import Document, Vectors
from worker.models.ledger import State

pytestmark = pytest.mark.unit


def test_a_document_survives_the_round_trip_through_its_rows(
    tmp_path: Path, make_document: Callable[..., Document]
) -> None:
    document = make_document(
        "部門/報告.pdf",
        "一ページ目",
        "",
        state=State.PARTIAL,
        reason="timeout",
        reason_message="page 2",
        thumbnail=b"webp",
        vectors=Vectors(image=(0.5, -1.0), image_model="m", text=((0.25,),), text_model="t", pending=True),
        indexed_at="2026-01-02T03:04:05Z",
    )

    with closing(SqliteFile(tmp_path / "index.sqlite")) as file, file.write_transaction() as connection:
        number = insert_document(connection, document, version=7)
        row = connection.execute("SELECT * FROM files WHERE id = ?", (number,)).fetchone()

        assert load_document(connection, row) == document
        assert row["version"] == 7
