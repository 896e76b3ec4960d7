"""What was not read, as a list and as the ledger keeps it."""

from __future__ import annotations

import json

import pytest

from worker.models.unread import NOTHING_UNREAD, Unread, UnreadSummary, is_limit

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("code", "is_cosmetic", "is_by_limit"),
    [
        ("timeout", False, True),
        ("corrupt", False, False),
        ("thumbnail_timeout", True, True),
        ("no_thumbnail", True, False),
        ("of another version", False, False),
    ],
)
def test_a_code_says_what_is_missing_and_by_what(code: str, is_cosmetic: bool, is_by_limit: bool) -> None:
    unread = Unread(page=1, code=code)
    assert (unread.is_cosmetic, unread.is_by_limit, is_limit(code)) == (is_cosmetic, is_by_limit, is_by_limit)


def test_the_ledger_keeps_counts_and_the_first_twenty() -> None:
    summary = UnreadSummary.of(Unread(page=page, code="timeout", help="more") for page in range(1, 101))
    text = summary.to_json() or ""
    assert json.loads(text)["counts"] == {"timeout": 100}
    assert len(text) < 500
    again = UnreadSummary.from_json(text)
    assert [each.page for each in again.first] == list(range(1, 21))
    assert again.has_limit


def test_nothing_unread_takes_no_room_in_the_row() -> None:
    assert UnreadSummary.of([]) == NOTHING_UNREAD
    assert NOTHING_UNREAD.to_json() is None
    assert not NOTHING_UNREAD.has_limit
