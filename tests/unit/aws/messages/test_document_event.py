"""DocumentEvent: every kind is valid by its published schema, and small."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.unit.document_events import SCHEMA, check_event, validator
from worker.aws.ledger_row import FileRow
from worker.aws.messages.document_event import SCHEMA_VERSION, DocumentEvent
from worker.models.ledger import State

pytestmark = pytest.mark.unit

FILE = "ab" * 32
ENDS = {
    State.INDEXED: None,
    State.PARTIAL: "pages_failed",
    State.NO_CONTENT: "encrypted",
    State.TOMBSTONED: "object_gone",
    State.DEAD_LETTERED: "index_rejected",
}


def row(state: State = State.INDEXED, **changes: object) -> FileRow:
    values: dict[str, object] = {
        "file_id": FILE,
        "fence": 3,
        "state": state,
        "bucket": "nas",
        "key": "a/報告.pdf",
        "file_path": "営業/報告.pdf",
        "version": "v1",
        "file_type": "pdf",
        "size_bytes": 1_234,
        "reason": ENDS.get(state),
        "pages": 12,
        "content_hash": "cd" * 32,
        "updated_at": "2026-11-30T04:30:00.123+00:00",
        "correlation": "scan-7f3a",
    }
    return FileRow(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ENDS)
def test_every_end_state_has_an_event_that_the_schema_accepts(state: State) -> None:
    event = DocumentEvent.from_row(row(state))
    values = check_event(event.text)
    assert event.event_type == values["type"] == f"document.{state.value}"
    assert (values["state"], values["reason"]) == (state.value, ENDS[state])


def test_all_end_states_are_known_to_the_schema() -> None:
    schema = json.loads(SCHEMA.read_text())
    ends = {state.value for state in State if state is not State.PROCESSING}
    assert set(schema["properties"]["state"]["enum"]) == ends == {state.value for state in ENDS}
    assert set(schema["properties"]["type"]["enum"]) == {f"document.{each}" for each in ends}
    assert f"-{SCHEMA_VERSION}.json" in SCHEMA.name


def test_an_event_names_file_version_state_reason_pages_and_correlation() -> None:
    assert check_event(DocumentEvent.from_row(row(State.PARTIAL, reason_message="page 3")).text) == {
        "schema_version": "1.0",
        "id": f"{FILE}-3-partial",
        "type": "document.partial",
        "time": "2026-11-30T04:30:00.123+00:00",
        "file": {
            "id": FILE,
            "bucket": "nas",
            "key": "a/報告.pdf",
            "path": "営業/報告.pdf",
            "type": "pdf",
            "size_bytes": 1_234,
        },
        "version": "v1",
        "fence": 3,
        "state": "partial",
        "reason": "pages_failed",
        "reason_message": "page 3",
        "pages": 12,
        "content_hash": "cd" * 32,
        "index_pending": False,
        "vectors_pending": False,
        "correlation": "scan-7f3a",
        "unread": {},
    }


def test_a_file_that_was_never_read_has_its_event() -> None:
    bare = row(State.DEAD_LETTERED, version=None, file_type=None, content_hash=None, correlation=None)
    assert check_event(DocumentEvent.from_row(bare).text)["correlation"] == FILE


def test_the_schema_refuses_what_is_no_event() -> None:
    values = check_event(DocumentEvent.from_row(row()).text)
    wrong: list[dict[str, object]] = [
        {"state": "processing"},
        {"reason": "encrypted"},
        {"id": "x"},
        {"time": "yesterday"},
        {"schema_version": "2.0"},
    ]
    for change in wrong:
        with pytest.raises(jsonschema.ValidationError):
            validator().validate({**values, **change})


def test_the_largest_event_is_far_below_every_limit() -> None:
    """256 KB an event, of which a call with ten must not be refused as a whole."""
    text = "\U0001f4c4" * 5_000
    largest = DocumentEvent.from_row(row(key=text, file_path=text, reason_message=text, state=State.PARTIAL))
    check_event(largest.text)
    assert largest.text.isascii()
    assert len(largest.text) < 64 * 1024


def test_a_text_gives_the_same_event() -> None:
    event = DocumentEvent.from_row(row())
    assert DocumentEvent.from_text(event.text) == event
