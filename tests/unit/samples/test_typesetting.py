"""Line breaking."""

from __future__ import annotations

import pytest

from worker.samples.typesetting import wrap

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("incomprehensible word", 5, ["incomprehensible", "word"]),
        ("あいうえお", 2, ["あい", "うえ", "お"]),
        ("あい。うえ」お", 2, ["あい。", "うえ」", "お"]),
        ("ab\n\ncd", 9, ["ab", "", "cd"]),
        ("図A 1番", 3, ["図A ", "1番"]),
    ],
    ids=["at spaces", "a long word stays whole", "between characters", "marks hang", "line feeds", "mixed"],
)
def test_lines_fit_the_width(text: str, width: float, lines: list[str]) -> None:
    assert wrap(text, width, len) == lines
