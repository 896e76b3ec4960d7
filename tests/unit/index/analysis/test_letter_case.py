"""Letters that differ in case alone, beyond ASCII."""

from __future__ import annotations

import pytest

from worker.index.analysis.letter_case import case_forms

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("folded", "forms"),
    [
        ("ab 田*", [("a",), ("b",), (" ",), ("田",), ("*",)]),
        ("éσ", [("é", "É"), ("σ", "Σ", "ς")]),
        ("osse", [("o",), ("ss", "ß", "ẞ"), ("e",)]),
        ("a\nb", [("a",), ("\n",), ("b",)]),
        ("İ".casefold(), [("i\u0307", "İ")]),
        ("", []),
    ],
)
def test_each_piece_has_what_is_folded_to_it(folded: str, forms: list[tuple[str, ...]]) -> None:
    assert list(case_forms(folded)) == forms
