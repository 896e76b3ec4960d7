"""The tables beside the text; what searches do with them is in tests/index_body/metadata.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument
from worker.index.sqlite.metadata_columns import (
    TABLES,
    date_condition,
    group_condition,
    groups_value,
    insert_metadata,
    load_metadata,
)
from worker.models.ledger import State
from worker.models.mail_fields import MailFields
from worker.models.metadata import FileMetadata, Properties

pytestmark = pytest.mark.unit


_MAIL = MailFields(sender="営業", recipients=("a@b.c", "田中"), subject="件", sent="2023-01-01T00:00:00Z")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as made:
        made.row_factory = sqlite3.Row
        made.executescript(f"CREATE TABLE files (id INTEGER PRIMARY KEY);{TABLES}")
        yield made


def _is(connection: sqlite3.Connection, condition: str, **values: object) -> bool:
    return bool(connection.execute(f"SELECT {condition}", values).fetchone()[0])


def test_what_is_known_comes_back(connection: sqlite3.Connection, make_document: MakeDocument) -> None:
    metadata = FileMetadata(
        uploaded_at="2024-01-01T00:00:00Z",
        mime_type="half \udcff",
        allowed_groups=("a", "b"),
        properties=Properties(title="題", mail=_MAIL),
    )
    insert_metadata(connection, 7, make_document("a.pdf", metadata=metadata))
    assert load_metadata(connection, 7) == replace(metadata, mime_type="half \ufffd")


def test_a_tombstone_has_no_rows(connection: sqlite3.Connection, make_document: MakeDocument) -> None:
    insert_metadata(connection, 7, make_document("a.pdf", state=State.TOMBSTONED))
    assert connection.execute("SELECT count(*) FROM file_facts").fetchone()[0] == 0


def test_groups_and_dates_are_conditions(connection: sqlite3.Connection, make_document: MakeDocument) -> None:
    limited = FileMetadata(last_modified="2024-05-31T00:00:00Z", allowed_groups=("x",))
    insert_metadata(connection, 1, make_document("a.pdf", metadata=limited))
    insert_metadata(connection, 2, make_document("b.pdf"))
    for file, groups, seen in ((1, ["x"], True), (1, ["y"], False), (1, None, True), (2, ["y"], True)):
        assert _is(connection, group_condition(str(file), ":g"), g=groups_value(groups)) == seen
    for file, after, found in ((1, "2024-05-31", True), (1, "2024-06", False), (2, "", False)):
        assert _is(connection, date_condition(str(file), ">=", ":t"), t=after) == found
