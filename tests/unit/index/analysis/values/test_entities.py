"""What a text has of dates, numbers and codes together."""

from __future__ import annotations

import pytest

from worker.index.analysis.folding import fold_text
from worker.index.analysis.values.entities import entities, query_entities

pytestmark = pytest.mark.unit


def tokens(text: str) -> set[str]:
    return {token for entity in entities(fold_text(text)) for token in entity.tokens}


def test_a_telephone_number_has_no_amounts_and_a_date_no_codes() -> None:
    assert tokens("電話 03-3201-5544、〒100-0005") == {"t0332015544", "p1000005"}
    assert tokens("R6.5.31と2024-05-31") == {"y2024", "m202405", "md0531", "d20240531"}


def test_what_digits_alone_leave_open_is_all_of_it() -> None:
    assert {"d20240531", "n20240531"} < tokens("20240531")
    assert tokens("2024") == {"y2024", "n2024"}
    assert tokens("AB-1234") == {"cab1234", "n1234"}


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("1000005", "p1000005"),
        ("20240012", "c20240012"),
        ("20240531", "d20240531"),
        ("２０２４", "y2024"),
        ("5/14", "md0514"),
    ],
)
def test_a_query_in_digits_alone_is_tried_as_everything(query: str, token: str) -> None:
    assert token in {wanted for entity in query_entities(fold_text(query)) for wanted in entity.wanted}


def test_tokens_are_ascii_in_lower_case() -> None:
    text = "taro.yamada+x@example.co.jp AB-12_3/4 1.5百万円 ¥1.28 +1 (415) 555-2671 令和6年5月31日 v1.2.3"
    assert tokens(text)
    assert [
        token for token in tokens(text) if not (token.isascii() and token.isalnum() and token.islower())
    ] == []


def test_a_text_without_digits_has_none() -> None:
    assert tokens("営業の報告書 report") == set()
