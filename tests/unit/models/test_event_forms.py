"""The kinds of events that need no work."""

from __future__ import annotations

import pytest

from worker.models.event_forms import ignored_eventbridge, ignored_notification, quote

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("s3:ObjectTagging:Delete", None),
        ("s3:ObjectAcl:Put", "acl"),
        ("ObjectRestore:Post", "restore_posted"),
        ("ObjectRestore:Completed", None),
        ("ObjectRestore", None),
        ("ObjectCreated:Put", None),
        ("Replication", "replication"),
        ("ReplicationX:Put", None),
        (None, None),
        (5, None),
        (["ObjectAcl"], None),
    ],
)
def test_a_notification_is_ignored_by_its_name_or_the_first_part_of_it(
    name: object, kind: str | None
) -> None:
    assert ignored_notification(name) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Object ACL Updated", "acl"),
        ("Object Tags Added", None),
        ("Object Created", None),
        (["Object"], None),
    ],
)
def test_an_eventbridge_event_is_ignored_by_its_type(name: object, kind: str | None) -> None:
    assert ignored_eventbridge(name) == kind


def test_a_quoted_value_is_short_and_printable() -> None:
    assert quote("営\n" * 500).isprintable()
    assert len(quote("x" * 500)) < 100
