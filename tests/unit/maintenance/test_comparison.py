"""The table of comparisons: object, row and entry, and what they are together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.maintenance.comparison import (
    DIFFERENCES,
    EXPLANATIONS,
    EntryState,
    Finding,
    RowState,
    compare,
    row_state,
)

pytestmark = pytest.mark.unit

ROW = RowState(
    file_id="f", key="a", state="indexed", fence=3, version="v", content_hash="h", updated_at="2026-02"
)
ENTRY = EntryState(file_id="f", key="a", fence=3, content_hash="h")
DELETED = replace(ROW, state="tombstoned", version=None, content_hash=None)
DEAD = replace(ROW, state="dead_lettered", content_hash=None)


@pytest.mark.parametrize(
    ("version", "row", "entry", "finding"),
    [
        ("v", ROW, ENTRY, Finding.MATCHING),
        ("v", replace(ROW, state="partial"), ENTRY, Finding.MATCHING),
        ("v", None, None, Finding.NO_ROW),
        ("v", None, ENTRY, Finding.NO_ROW),
        # A row that was only seeded.
        ("v", replace(ROW, key="", state="processing"), None, Finding.NO_ROW),
        ("w", ROW, ENTRY, Finding.OTHER_VERSION),
        ("w", DEAD, ENTRY, Finding.OTHER_VERSION),
        ("v", DEAD, ENTRY, Finding.DEAD_LETTERED),
        ("v", replace(DEAD, version=None), None, Finding.DEAD_LETTERED),
        ("v", DELETED, None, Finding.TOMBSTONED),
        ("v", ROW, None, Finding.NOT_INDEXED),
        ("v", replace(ROW, index_pending=True), None, Finding.INDEX_PENDING),
        ("v", ROW, replace(ENTRY, fence=2), Finding.OTHER_ENTRY),
        ("v", ROW, replace(ENTRY, fence=4), Finding.OTHER_ENTRY),
        ("v", ROW, replace(ENTRY, content_hash="i"), Finding.OTHER_ENTRY),
        ("v", replace(ROW, state="processing"), ENTRY, Finding.IN_PROGRESS),
        ("v", replace(ROW, state="processing", updated_at="2026-01"), ENTRY, Finding.UNFINISHED),
        (None, replace(ROW, state="processing", updated_at="2026-01"), None, Finding.UNFINISHED),
        (None, ROW, ENTRY, Finding.OBJECT_GONE),
        (None, DEAD, None, Finding.OBJECT_GONE),
        (None, DELETED, None, Finding.NOTHING),
        (None, DELETED, ENTRY, Finding.ENTRY_OF_DELETED),
        (None, replace(DELETED, index_pending=True), ENTRY, Finding.INDEX_PENDING),
        (None, None, ENTRY, Finding.ENTRY_WITHOUT_ROW),
        (None, None, None, Finding.NOTHING),
    ],
)
def test_object_row_and_entry(
    version: str | None, row: RowState | None, entry: EntryState | None, finding: Finding
) -> None:
    assert compare(version, row, entry, unfinished_before="2026-01-15") is finding


def test_every_difference_is_explained() -> None:
    assert set(EXPLANATIONS) == set(DIFFERENCES)
    assert all(each.difference for each in Finding if each.needs_redo)


def test_a_row_is_read_as_dynamodb_sends_it() -> None:
    assert row_state(None) is None
    row = {"file_id": "f", "key": "a", "state": "indexed", "fence": "3", "version": "v", "content_hash": "h"}
    assert row_state({**row, "updated_at": "2026-02", "index_pending": True}) == replace(
        ROW, index_pending=True
    )
