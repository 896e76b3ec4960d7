"""What a term of a query consists of."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.query_atoms import Atoms, atoms

pytestmark = pytest.mark.unit


def _found(found: Atoms) -> list[tuple[str, str]]:
    return [(atom.text, atom.kind.name) for atom in found.found]


@pytest.mark.parametrize(
    ("text", "found", "is_loose"),
    [
        ("営業部の報告書", [("営業部", "WORD"), ("報告書", "WORD")], True),
        ("営業部報告書", [("営業部", "WORD"), ("報告書", "WORD")], False),
        ("2024年5月の報告書はどこ", [("2024年5月", "VALUE"), ("報告書", "WORD")], True),
        ("128万円", [("128万円", "VALUE")], False),
        ("Trace-based", [("trace", "STEM"), ("based", "STEM")], False),
        ("reports of the company", [("reports", "STEM"), ("company", "STEM")], True),
        # What only asks, and how people are addressed, is grammar.
        ("パスワードはどうすればいい", [("パスワード", "WORD")], True),
        ("なぜ納期が遅れたの", [("納期", "WORD"), ("遅れ", "WORD")], True),
        ("納期はいくらか教えて", [("納期", "WORD")], True),
        ("田中さんの日報", [("田中", "WORD"), ("日報", "WORD")], True),
        ("誰が担当ですか", [("担当", "WORD")], False),
        ("品質の良い製品", [("品質", "WORD"), ("良い", "WORD"), ("製品", "WORD")], True),
        ("教える", [("教える", "WORD")], False),
        ("いくら", [("いくら", "WORD")], False),
        ("iPhone15の契約", [("iphone15", "VALUE"), ("契約", "WORD")], True),
    ],
)
def test_a_term_has_words_values_and_stems(text: str, found: list[tuple[str, str]], is_loose: bool) -> None:
    parts = atoms(text, has_words=True)
    assert (_found(parts), parts.is_loose, parts.is_complete) == (found, is_loose, True)


@pytest.mark.parametrize("text", ["A4用紙", "どこにありますか", "…", ""])
def test_what_has_no_token_of_its_own_is_not_complete(text: str) -> None:
    assert not atoms(text, has_words=True).is_complete


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("営業部の報告書", ["営業部", "報告書"]),
        ("サーバ管理のお知らせ", ["サーバ", "管理"]),
        ("受け付け", []),
        ("報告書", ["報告書"]),
        ("2024年度の予算", ["2024年度", "予算"]),
    ],
)
def test_without_a_dictionary_a_word_ends_where_the_script_changes(text: str, found: list[str]) -> None:
    assert [atom.text for atom in atoms(text, has_words=False).found] == found


def test_what_may_be_read_in_several_ways_is_one_atom_with_all_tokens() -> None:
    (atom,) = atoms("20240531", has_words=True).found
    assert {"d20240531", "n20240531"} <= set(atom.tokens)


def test_the_number_within_a_code_is_no_atom() -> None:
    (atom,) = atoms("AB-1234", has_words=True).found
    assert atom.tokens == ("cab1234",)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.booleans())
def test_atoms_are_in_order_and_none_overlaps(text: str, has_words: bool) -> None:
    found = atoms(text, has_words=has_words).found
    assert all(first.end <= second.start for first, second in pairwise(found))
