"""Runs as pairs, words as they are."""

from __future__ import annotations

import pytest

from worker.index.analysis.pairs import pairs, query_pairs

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("folded", "expected"),
    [
        ("営業報告", "営業 業報 報告 告"),
        ("契", "契"),
        ("\U00030000\U00031350る", "\U00030000\U00031350 \U00031350る る"),
        ("trace-based abc", "trace based abc"),
        ("契約2024年", "契約 約 2024 年"),
        ("アイ ウエ", "アイ イウ ウエ エ"),
        ("snake_case don't", "snake case don t"),
        ("… !?", ""),
    ],
)
def test_a_text_becomes_pairs(folded: str, expected: str) -> None:
    assert " ".join(pairs(folded)) == expected


@pytest.mark.parametrize(
    ("folded", "tokens", "prefix"),
    [
        ("営業報告", ("営業", "業報", "報告"), False),
        ("契", ("契",), True),
        ("年度2024", ("年度", "度", "2024"), False),
        ("2024年", ("2024", "年"), True),
        ("!", (), False),
    ],
)
def test_a_query_leaves_out_the_end_of_a_run_that_may_go_on(
    folded: str, tokens: tuple[str, ...], prefix: bool
) -> None:
    assert query_pairs(folded) == (tokens, prefix)
