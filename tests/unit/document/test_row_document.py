"""A document from what its ledger row has kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.aws.ledger_row import FileRow
from worker.document.row_document import row_document, row_message
from worker.models.document import NO_VECTORS, Extraction
from worker.models.file import FileType, file_id
from worker.models.ledger import State
from worker.models.metadata import FileMetadata, Properties

pytestmark = pytest.mark.unit

ROW = FileRow(
    file_id=file_id("source", "key"),
    fence=3,
    state=State.INDEXED,
    bucket="source",
    key="key",
    file_path="share/名前.txt",
    size_bytes=7,
    content_hash="hash",
    thumbnail_key="thumbnail",
    artifact_key="artifact",
)


def test_the_message_names_the_file_by_the_path_it_is_known_by() -> None:
    message = row_message(ROW)
    assert (message.file_id, message.display_path, message.size_bytes) == (ROW.file_id, "share/名前.txt", 7)


def test_the_document_joins_row_and_stored_content() -> None:
    document = row_document(ROW, Extraction(file_type=FileType.TEXT, reason="timeout"), NO_VECTORS)
    assert (document.file_id, document.file_name, document.content_hash) == (
        ROW.file_id,
        "名前.txt",
        "hash",
    )
    assert (document.state, document.reason) == (State.NO_CONTENT, "timeout")


def test_the_document_has_what_the_row_knows_and_the_whole_title() -> None:
    row = replace(ROW, metadata=FileMetadata(allowed_groups=("a",), properties=Properties(title="cut")))
    extraction = Extraction(file_type=FileType.TEXT, properties=Properties(title="cut no more"))
    assert row_document(row, extraction, NO_VECTORS).metadata == FileMetadata(
        allowed_groups=("a",), properties=Properties(title="cut no more")
    )
