"""Queries as people type them, and what is made of each."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.analysis.query_terms import analyse_query_term
from worker.index.query import Term
from worker.index.search_query import MAX_QUERY_CHARS, MAX_TERMS, SearchQuery, parse_query

pytestmark = pytest.mark.unit


def _phrase(term: Term) -> tuple[str, ...]:
    return analyse_query_term(term.text).pairs[0].tokens


def _texts(query: SearchQuery) -> list[list[str]]:
    return [[term.text for term in group] for group in query.required]


@pytest.mark.parametrize(
    ("query", "required", "excluded"),
    [
        ("契約 -更新", [["契約"]], ["更新"]),
        ("契約　－更新", [["契約"]], ["更新"]),
        ('契約 -"基本 契約"', [["契約"]], ["基本 契約"]),
        ("Trace-based 03-3201", [["Trace-based"], ["03-3201"]], []),
        ("a OR b c", [["a", "b"], ["c"]], []),
        ("a OR b OR c", [["a", "b", "c"]], []),
        ("a or b", [["a"], ["or"], ["b"]], []),
        ("契約 NOT 更新 AND 覚書", [["契約"], ["覚書"]], ["更新"]),
        ('契約 NOT "基本 契約"', [["契約"]], ["基本 契約"]),
        ("report NOT NDA", [["report"]], ["NDA"]),
        ("DO NOT ENTER", [["DO"], ["ENTER"]], []),
        ("not and", [["not"], ["and"]], []),
        ('a "OR" b', [["a"], ["OR"], ["b"]], []),
        ("営業、報告 覚書", [["営業"], ["報告"], ["覚書"]], []),
        ('"営業、報告"', [["営業、報告"]], []),
        ("http://x.y/z 12:30 C:\\tmp", [["http://x.y/z"], ["12:30"], ["C:\\tmp"]], []),
        ("注意:火気", [["注意:火気"]], []),
        ('a " b', [["a"], ["b"]], []),
        ("- -- -! a", [["a"]], []),
    ],
)
def test_words_of_a_query(query: str, required: list[list[str]], excluded: list[str]) -> None:
    asked = parse_query(query)
    assert _texts(asked) == required
    assert [term.text for term in asked.excluded] == excluded
    assert asked.notes == ()


@pytest.mark.parametrize(
    ("query", "required"),
    [
        ("25 August 2023 report", [["25 August 2023"], ["report"]]),
        ("May 31, 2024", [["May 31, 2024"]]),
        ("1 280 000 円", [["1 280 000 円"]]),
        ("03 3201 5544", [["03 3201 5544"]]),
        ("契約　令和6年 5月", [["契約"], ["令和6年 5月"]]),
        ("-25 August 2023 a", [["a"]]),
        ("word WORD Ｗord", [["word"]]),
        ("ａ\uf8ffb", [["a b"]]),
    ],
)
def test_a_date_or_number_with_blanks_is_one_term(query: str, required: list[list[str]]) -> None:
    assert _texts(parse_query(query)) == required


def test_what_is_cut_off_is_said() -> None:
    assert f"{MAX_QUERY_CHARS:,} characters" in parse_query("字" * 1_001).notes[0]
    assert f"first {MAX_TERMS} words" in parse_query(" ".join(map(str, range(40)))).notes[0]


@given(st.text(st.characters()))
def test_any_query_is_understood_or_said(query: str) -> None:
    asked = parse_query(query)
    assert all(group for group in asked.required)
    assert asked.is_empty or asked.required or asked.filters


@pytest.mark.parametrize(
    ("query", "longest"),
    [
        ("あ" * 1_000, 9),
        ("あい" * 500, 18),
        ("a " * 500, 1),
        (f'"{"a " * 490}"', 8),
        ("あ" * 30 + " " + "い" * 30, 9),
    ],
)
def test_a_query_is_cut_where_it_repeats_itself(query: str, longest: int) -> None:
    asked = parse_query(query)
    phrases = [_phrase(group[0]) for group in asked.required]
    assert max(map(len, phrases)) <= longest
    counts = Counter(part for phrase in phrases for part in phrase)
    assert max(counts.values()) <= 8
    assert ("repeats itself" in str(asked.notes)) is True


def test_a_long_text_that_does_not_repeat_itself_is_searched_as_it_is() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(500))
    asked = parse_query(text)
    assert asked.notes == ()
    assert len(_phrase(asked.required[0][0])) == 499


@pytest.mark.parametrize(
    ("query", "quoted"),
    [('契約 "契約"', [True]), ('"契約" 契約', [True]), ("契約 ＣＯＰＹ copy", [False, False])],
)
def test_of_a_word_that_is_there_twice_the_one_in_quotes_is_kept(query: str, quoted: list[bool]) -> None:
    assert [term.is_quoted for (term,) in parse_query(query).required] == quoted


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Annual Report", ("annual report",)),
        ("覚書 OR 報告書", ("覚書", "報告書")),
        ("覚書 OR 報告書 2024", ("覚書 2024", "報告書 2024")),
        ("type:pdf", ()),
    ],
)
def test_each_alternative_may_be_the_whole_name(query: str, names: tuple[str, ...]) -> None:
    assert parse_query(query).whole_names == names


def test_the_whole_names_of_many_alternatives_are_few() -> None:
    assert len(parse_query(" ".join(f"a{n} OR b{n}" for n in range(15))).whole_names) == 8


@pytest.mark.parametrize(
    "query",
    ['契約 "更新" -覚書 type: pdf　報告書', "25 August 2023 報告、覚書", "a OR b -c OR d", "ａ\uf8ffb c"],
)
def test_a_word_stands_at_its_place(query: str) -> None:
    asked = parse_query(query)
    assert [asked.text[each.start : each.end] for each in asked.places] == [
        each.term.text for each in asked.places
    ]
    unquoted = [term for group in asked.required for term in group if not term.is_quoted]
    assert {each.term for each in asked.places} == set(unquoted)


@pytest.mark.parametrize(
    ("query", "note"),
    [("契約 -page:3", "-page:3 is not understood"), ("契約 page:2 page:5", "page:5 is not understood")],
)
def test_a_filter_that_filters_nothing_is_said(query: str, note: str) -> None:
    asked = parse_query(query)
    assert note in asked.notes[0]
    assert asked.filters.pages == ((2, 2) if "page:2" in query else None)


@pytest.mark.parametrize("query", ["🎉", "---", "！？。", '""', "AND"])
def test_a_query_without_a_word_is_said_to_have_none(query: str) -> None:
    assert parse_query(query).notes == ("Nothing is looked for: there is no word in the query.",)


@pytest.mark.parametrize("query", ["", " \u3000", "lang:xx"])
def test_an_empty_query_and_one_with_another_note_are_not(query: str) -> None:
    assert not any("no word" in note for note in parse_query(query).notes)
