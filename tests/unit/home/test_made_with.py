"""When another run may make more of a file."""

from __future__ import annotations

import pytest

from worker.home.made_with import entry_made_with, is_current, made_with

pytestmark = pytest.mark.unit

_RUN = made_with("key model", 60.0, "password")
_OTHER_LIMITS = made_with("key model", 120.0, "password")
_OTHER_KEY = made_with("newer model", 60.0, "password")


@pytest.mark.parametrize(
    ("codes", "same", "other_limits"),
    [
        ([""], True, True),
        (["corrupt", "no_thumbnail"], True, True),
        (["encrypted"], True, False),
        (["encrypted", "timeout"], False, False),
        (["thumbnail_timeout"], False, False),
        (["pages_failed"], False, False),
    ],
)
def test_a_file_that_met_a_limit_is_read_again(codes: list[str], same: bool, other_limits: bool) -> None:
    entry = entry_made_with(_RUN, codes)
    assert (is_current(entry, _RUN), is_current(entry, _OTHER_LIMITS)) == (same, other_limits)
    assert not is_current(entry, _OTHER_KEY)


def test_no_password_is_kept() -> None:
    assert "password" not in _RUN
