"""Words a few letters apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.edit_distance import is_similar

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("word", "other", "distance"),
    [
        ("report", "report", 0),
        ("report", "repport", 1),
        ("report", "reprt", 1),
        ("report", "rexort", 1),
        ("report", "reprot", 1),
        ("report", "rpeort", 1),
        ("report", "repotrs", 2),
        ("report", "eport", 1),
        ("report", "reports", 1),
        ("report", "retort!", 2),
        ("ca", "abc", 3),
        ("", "ab", 2),
    ],
)
def test_edits_are_counted(word: str, other: str, distance: int) -> None:
    assert [is_similar(word, other, most) for most in range(4)] == [distance <= most for most in range(4)]


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.integers(0, 3))
def test_the_order_of_two_words_makes_no_difference(word: str, other: str, most: int) -> None:
    assert is_similar(word, other, most) == is_similar(other, word, most)
