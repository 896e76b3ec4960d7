"""Times, titles and groups of a file: what is stored of what people and programs wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from worker.models.mail_fields import MailFields
from worker.models.metadata import (
    NO_METADATA,
    FileMetadata,
    Properties,
    epoch_time,
    property_text,
    read_groups,
    read_time,
    to_time,
)

pytestmark = pytest.mark.unit

JAPAN = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("when", "stored"),
    [
        (datetime(2024, 5, 31, 8, 0, 1, 999, tzinfo=JAPAN), "2024-05-30T23:00:01Z"),
        (datetime.fromisoformat("2024-05-31"), "2024-05-31T00:00:00Z"),
        (datetime.min.replace(tzinfo=JAPAN), ""),
        (None, ""),
    ],
)
def test_a_time_is_stored_in_utc(when: datetime | None, stored: str) -> None:
    assert to_time(when) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-05-31T08:00:00+09:00", "2024-05-30T23:00:00Z"),
        (" 2024-05-31T08:00:00Z ", "2024-05-31T08:00:00Z"),
        ("2024-05-31", "2024-05-31T00:00:00Z"),
        ("yesterday", ""),
        (None, ""),
    ],
)
def test_a_time_is_read_in_iso_8601(text: str | None, stored: str) -> None:
    assert read_time(text) == stored


@pytest.mark.parametrize(("seconds", "stored"), [(0.5, "1970-01-01T00:00:00Z"), (1e18, ""), (-1e18, "")])
def test_a_time_may_be_counted_from_1970(seconds: float, stored: str) -> None:
    assert epoch_time(seconds) == stored


def test_a_title_is_one_short_line() -> None:
    assert property_text(" 営業\n報告\x00書 \ud800") == "営業 報告 書"
    assert property_text(None) == ""
    assert len(property_text("x" * 1000)) == 300
    assert property_text("x" * 299 + " and more") == "x" * 299


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("営業部, Domain Users,営業部", ("営業部", "Domain Users")),
        ("sales/legal", ("sales", "legal")),
        (" , ", ()),
        ("", ()),
    ],
)
def test_groups_are_separated_by_commas_or_slashes(text: str, groups: tuple[str, ...]) -> None:
    assert read_groups(text) == groups


def test_the_date_is_the_documents_own_else_the_objects_else_the_uploads() -> None:
    metadata = FileMetadata(
        uploaded_at="2024-03-01T00:00:00Z",
        last_modified="2024-02-01T00:00:00Z",
        properties=Properties(created="2020-01-01T00:00:00Z", modified="2024-01-01T00:00:00Z"),
    )
    assert metadata.date == "2024-01-01T00:00:00Z"
    assert FileMetadata(uploaded_at="u", last_modified="l").date == "l"
    assert FileMetadata(uploaded_at="u").date == "u"
    assert NO_METADATA.date == ""


def test_a_row_keeps_what_is_known_and_cuts_a_long_title() -> None:
    metadata = FileMetadata(
        uploaded_at=to_time(datetime(2024, 5, 31, tzinfo=UTC)),
        mime_type="application/pdf",
        allowed_groups=("a", "b"),
        properties=Properties(title="題", author="田中"),
    )
    stored = json.loads(json.dumps(metadata.for_row()))
    assert FileMetadata.from_row(stored) == metadata
    of_mail = replace(metadata, properties=replace(metadata.properties, mail=MailFields(sender="田中")))
    assert of_mail.for_row() == metadata.for_row()
    assert NO_METADATA.for_row() == {}
    assert len(FileMetadata(properties=Properties(title="題" * 300)).for_row()["title"]) == 80
