"""Codes without the separators that nobody types alike."""

from __future__ import annotations

import pytest

from worker.index.analysis.folding import fold_text
from worker.index.analysis.values.codes import contacts, part_numbers

pytestmark = pytest.mark.unit


def tokens(text: str) -> list[tuple[str, ...]]:
    return [entity.tokens for entity in contacts(fold_text(text))]


@pytest.mark.parametrize(
    "form",
    [
        *(
            "03-3201-5544",
            "０３－３２０１－５５４４",
            "03ー3201ー5544",
            "(03)3201-5544",
            "03(3201)5544",
            "0332015544",
        ),
        *("03 3201 5544", "+81 3 3201 5544", "+81-3-3201-5544", "+81 (0)3 3201 5544", "0081-3-3201-5544"),
    ],
)
def test_a_telephone_number_is_one_in_every_form(form: str) -> None:
    assert tokens(form) == [("t0332015544",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("090-1234-5678", [("t09012345678",)]),
        ("+1 415 555 2671", [("t14155552671",)]),
        ("〒100-0005", [("p1000005",)]),
        ("〒1000005 東京都", [("p1000005",)]),
        ("100-0005", [("p1000005",)]),
        ("1100-0005", []),
        ("100-00055", []),
        ("00-12-34", []),
        ("Taro.Yamada@example.co.jp", [("etaroyamadaexamplecojp", "eltaroyamada", "edexamplecojp")]),
        ("a@b", []),
    ],
)
def test_postal_codes_telephones_and_addresses(text: str, expected: list[tuple[str, ...]]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AB-1234", ["cab1234"]),
        ("AB1234", ["cab1234"]),
        ("AB_12/34", ["cab1234"]),
        ("AB－１２－３４５６、AB-99ー1", ["cab123456", "cab991"]),
        ("2024-0012", ["c20240012"]),
        ("well-known words, 1234 and A4", []),
    ],
)
def test_part_numbers_lose_their_separators(text: str, expected: list[str]) -> None:
    assert [token for entity in part_numbers(fold_text(text)) for token in entity.tokens] == expected


def test_long_rows_take_no_time() -> None:
    text = "0-" * 30_000 + "a-" * 30_000 + "1" * 30_000 + "a@" * 30_000
    assert list(contacts(text)) == []
    assert len(list(part_numbers(text))) < 20_000
