"""Bodies in which some records are odd, and bodies that are nothing at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.event_bodies import native, record
from worker import events
from worker.errors import DeadLetterError
from worker.events import ParsedBody

pytestmark = pytest.mark.unit

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["eventType", "s3Bucket", "s3Key", "previousS3Key", "fileSize", "uploadedAt", "metadata"]
ENVELOPE_FIELDS = ["Records", "detail-type", "detail", "Type", "Message", "Event"]


@given(changes=st.dictionaries(st.sampled_from(FIELDS + ENVELOPE_FIELDS), JSON_VALUES, max_size=3))
def test_no_body_raises_anything_but_a_dead_letter(changes: dict[str, object]) -> None:
    try:
        parsed = events.parse(json.dumps(native(**changes)))
    except DeadLetterError:
        return
    assert all(file.bucket and file.key and file.file_id for file in parsed.files)
    assert all(is_rejected(rejected.body) for rejected in parsed.rejected)


def is_rejected(body: str) -> bool:
    """Whether a body has the same fate when it is redriven."""
    try:
        return events.parse(body).rejected != ()
    except DeadLetterError:
        return True


@given(body=st.text())
def test_no_text_is_an_event(body: str) -> None:
    with pytest.raises(DeadLetterError):
        events.parse(body)


def test_a_record_among_others_is_rejected_with_a_body_of_its_own() -> None:
    odd = record(name="ObjectTouched:Put")
    parsed = events.parse(
        json.dumps({"Records": [record(key="a"), odd, record(name="ObjectAcl:Put"), record(key="b")]})
    )
    assert [file.key for file in parsed.files] == ["a", "b"]
    assert parsed.ignored == ("acl",)
    (rejected,) = parsed.rejected
    assert json.loads(rejected.body) == {"Records": [odd]}
    assert "Records.1.eventName" in rejected.reason


def test_a_body_without_work_is_no_error() -> None:
    assert events.parse(json.dumps({"Records": [record(name="ObjectAcl:Put")]})) == ParsedBody(
        ignored=("acl",)
    )
