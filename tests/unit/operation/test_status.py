"""The ledger counted."""

from __future__ import annotations

import pytest

from worker.aws.clients import make_clients
from worker.aws.ledger_row import FileRow
from worker.config import load_settings
from worker.errors import MisconfiguredError
from worker.models.ledger import State
from worker.operation.status import read_status, summarise

pytestmark = pytest.mark.unit


def _row(name: str, state: State, *, reason: str | None = None, updated_at: str = "") -> FileRow:
    return FileRow(file_id=name, fence=1, state=state, reason=reason, updated_at=updated_at)


def test_an_empty_ledger_names_every_state() -> None:
    summary = summarise([])
    assert summary.states == dict.fromkeys(State, 0)
    assert summary.oldest_unfinished is None


def test_states_and_reasons_are_counted() -> None:
    summary = summarise(
        [
            _row("a", State.INDEXED),
            _row("b", State.NO_CONTENT, reason="encrypted"),
            _row("c", State.NO_CONTENT, reason="empty"),
            _row("d", State.NO_CONTENT, reason="empty"),
            _row("e", State.PARTIAL, reason="pages_failed"),
        ]
    )
    assert summary.states[State.NO_CONTENT] == 3
    assert summary.states[State.TOMBSTONED] == 0
    assert summary.reasons == {
        State.NO_CONTENT: {"empty": 2, "encrypted": 1},
        State.PARTIAL: {"pages_failed": 1},
    }


def test_the_oldest_unfinished_file_is_the_one_unchanged_for_longest() -> None:
    summary = summarise(
        [
            _row("new", State.PROCESSING, updated_at="2026-11-21T12:00"),
            _row("old", State.PROCESSING, updated_at="2026-11-20T12:00"),
            _row("finished", State.INDEXED, updated_at="2026-11-01T12:00"),
        ]
    )
    assert summary.oldest_unfinished is not None
    assert summary.oldest_unfinished.file_id == "old"


def test_what_is_pending_is_counted() -> None:
    rows = [
        FileRow(file_id="a", fence=1, state=State.INDEXED, index_pending=True, vectors_pending=True),
        FileRow(file_id="b", fence=1, state=State.INDEXED, vectors_pending=True),
    ]
    summary = summarise(rows)
    assert (summary.index_pending, summary.vectors_pending) == (1, 2)


def test_settings_that_are_missing_are_named() -> None:
    with pytest.raises(MisconfiguredError, match=r"CIS_QUEUE_URL, CIS_DLQ_URL"):
        read_status(load_settings(), make_clients(), ledger=True)


def test_the_oldest_message_and_event_are_those_of_unfinished_files() -> None:
    rows = [
        FileRow(file_id="a", fence=1, state=State.PROCESSING, first_seen_ms=2_000, event_ms=1_500),
        FileRow(file_id="b", fence=1, state=State.PROCESSING, first_seen_ms=3_000, event_ms=0),
        FileRow(file_id="c", fence=1, state=State.INDEXED, first_seen_ms=1, event_ms=1),
    ]
    summary = summarise(rows)
    assert (summary.oldest_message_ms, summary.oldest_event_ms) == (2_000, 1_500)
    assert summarise([]).oldest_message_ms == 0
