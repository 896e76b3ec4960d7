"""Steps of the network made into characters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from worker.extract.ocr.network.decoding import decode

pytestmark = pytest.mark.unit

_ALPHABET = ("", "a", "b", " ")


def _logits(classes: str, *, height: float = 20.0) -> NDArray[np.float32]:
    logits = np.zeros((len(classes), len(_ALPHABET)), dtype=np.float32)
    for step, kind in enumerate(classes):
        logits[step, int(kind)] = height
    return logits


@pytest.mark.parametrize(
    ("classes", "text"),
    [("0110220", "ab"), ("1111", "a"), ("1101", "aa"), ("000", ""), ("13002", "a b"), ("12", "ab")],
    ids=["blanks", "one run", "twice", "nothing", "space", "no blank between"],
)
def test_runs_are_characters_and_a_blank_parts_equal_ones(classes: str, text: str) -> None:
    chars = decode(_logits(classes), _ALPHABET, steps=len(classes))

    assert "".join(char.char for char in chars) == text


def test_each_character_has_its_place_in_the_line() -> None:
    first, second = decode(_logits("0110020000"), _ALPHABET, steps=10)

    assert (first.begin, first.end) == pytest.approx((0.1, 0.3))
    assert (second.begin, second.end) == pytest.approx((0.5, 0.6))


def test_a_last_character_that_comes_late_is_at_the_end_of_the_line() -> None:
    (first, last) = decode(_logits("010002"), _ALPHABET, steps=4)

    assert (first.char, first.begin, first.end) == ("a", 0.25, 0.5)
    assert (last.char, last.begin, last.end) == ("b", 1.0, 1.0)


def test_confidence_is_that_of_the_surest_step() -> None:
    logits = _logits("11", height=0.0)
    logits[1, 1] = np.log(9.0)  # 9 of 9 + 3

    (char,) = decode(logits[1:], _ALPHABET, steps=1)

    assert char.confidence == pytest.approx(75.0, abs=0.01)


def test_a_space_that_was_nearly_read_is_known_with_the_character_after_it() -> None:
    logits = _logits("1002002")
    logits[2, 3] = 20.0 + np.log(0.25)  # a quarter of what the step says
    logits[0, 3] = 20.0

    chars = decode(logits, _ALPHABET, steps=7)

    assert [char.space for char in chars] == pytest.approx([0.0, 0.25, 0.0], abs=0.001)
