"""Slips: words a few letters apart, runs with one character wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.analysis.slips import (
    allowed_edits,
    can_be_apart,
    can_begin,
    halves,
    is_similar,
    run_pattern,
)

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


@pytest.mark.parametrize(
    ("word", "edits"), [("cat", 0), ("cats", 1), ("reports", 1), ("received", 2), ("ab12", 0)]
)
def test_short_words_may_have_no_slip(word: str, edits: int) -> None:
    assert allowed_edits(word) == edits


def test_a_slip_leaves_what_stands_beside_it() -> None:
    assert set(halves("自家発電機")) == {
        ("", "家発電機"),
        ("", "発電機"),
        ("自家", "電機"),
        ("自家発", ""),
        ("自家発電", ""),
    }
    assert list(halves("京都")) == []


@given(st.integers(4, 22))
def test_what_is_left_of_a_run_is_nearly_all_of_it(length: int) -> None:
    run = "".join(chr(0x4E00 + number) for number in range(length))
    left = [len(before) + len(after) for before, after in halves(run)]
    assert min(left) >= max(3, length - 3 if length >= 7 else length - 2)


@pytest.mark.parametrize("text", ["東京の天気", "都庁へ行く"])
def test_two_characters_are_not_near_a_run(text: str) -> None:
    pattern = run_pattern("東京都庁")
    assert pattern is not None
    assert pattern.search(text) is None


@given(st.integers(6, 22), st.data())
def test_one_slip_anywhere_leaves_a_half_that_is_there(length: int, data: st.DataObject) -> None:
    run = "".join(chr(0x4E00 + number) for number in range(length))
    place = data.draw(st.integers(0, length - 2))
    typed = data.draw(
        st.sampled_from(
            [
                run[:place] + "誤" + run[place + 1 :],
                run[:place] + run[place + 1 :],
                run[:place] + "誤" + run[place:],
                *([run[:place] + run[place + 1] + run[place] + run[place + 2 :]] if length >= 7 else []),
            ]
        )
    )
    pattern = run_pattern(typed)
    assert pattern is None or pattern.search(f"前{run}後") is not None


@pytest.mark.parametrize(
    ("run", "text", "found"),
    [
        ("非常用自下発電機", "の非常用自家発電機の", "非常用自家発電機"),
        ("非常用家発電機", "の非常用自家発電機の", "非常用自家発電機"),
        ("非常用家自発電機", "の非常用自家発電機の", "非常用自家発電機"),
    ],
)
def test_a_run_with_a_slip_is_found_in_a_text(run: str, text: str, found: str) -> None:
    pattern = run_pattern(run)
    assert pattern is not None
    match = pattern.search(text)
    assert match is not None
    assert match[0] == found


def test_a_short_run_has_no_pattern() -> None:
    assert run_pattern("京都") is None


@pytest.mark.parametrize(
    ("text", "begins", "apart"),
    [
        ("email", True, True),
        ("printersetup", True, True),
        ("inv-2024-03", True, False),
        ("abc", False, False),
        ("a-b-c", False, False),
        ("4520", True, False),
        ("契約契約", False, False),
        ("word-", False, False),
        ("a" * 21, True, False),
        ("", False, False),
    ],
)
def test_only_latin_words_and_codes_of_four_characters_may_go_on_or_be_apart(
    text: str, begins: bool, apart: bool
) -> None:
    assert (can_begin(text), can_be_apart(text)) == (begins, apart)
