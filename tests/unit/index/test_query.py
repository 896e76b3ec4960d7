"""Terms of texts and queries, and the snippets that show matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from worker.index.analysis.characters import replace_surrogates
from worker.index.query import fold, fold_path, index_terms, normalise, snippet
from worker.index.search_query import parse_query

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("営業報告", "営業 業報 報告 告"),
        ("契", "契"),
        ("𠮟る", "𠮟る る"),
        ("Trace-based ＡＢＣ", "trace based abc"),
        ("契約2024年", "契約 約 2024 年"),
        ("日 本\n語", "日本 本語 語"),
        ("東京・大阪", "東京 京 大阪 阪"),
        ("ｶﾞﾗｽ", "ガラ ラス ス"),
        ("snake_case", "snake case"),
        ("Straße", "strasse"),
        ("… !? \x00", ""),
        ("", ""),
    ],
)
def test_a_text_becomes_terms(text: str, terms: str) -> None:
    assert index_terms(text) == terms


def test_terms_have_no_character_that_is_syntax_to_sqlite() -> None:
    everything = "".join(map(chr, range(0x3000)))
    assert re.search(r"[^ a-z0-9\u0080-\U0010ffff]", index_terms(everything)) is None


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        ("営業", [("営業",)]),
        ("営業報告", [("営業", "業報", "報告")]),
        ("営業 報告", [("営業",), ("報告",)]),
        ('"営業 報告"', [("営業", "業報", "報告")]),
        ("営業　報告", [("営業",), ("報告",)]),
        ("年度2024", [("年度", "度", "2024")]),
        ("Trace-based", [("trace", "based")]),
        ('"Swimming in the lake"', [("swimming", "in", "the", "lake")]),
        ("“in the lake”", [("in", "the", "lake")]),
        ("＂in the＂ lake", [("in", "the"), ("lake",)]),
        ('27" wide screen', [("27",), ("wide",), ("screen",)]),
        ("word WORD Word", [("word",)]),
        ('""', []),
        ("*", []),
    ],
)
def test_a_query_becomes_phrases(query: str, phrases: list[tuple[str, ...]]) -> None:
    assert [term.phrase for term in parse_query(query).terms] == phrases


@pytest.mark.parametrize(
    ("query", "prefix"), [("契", True), ("2024年", True), ("契約", False), ("a", False), ("年2024", False)]
)
def test_only_a_single_character_at_the_end_is_the_beginning_of_a_term(query: str, prefix: bool) -> None:
    assert [term.prefix for term in parse_query(query).terms] == [prefix]


def test_a_query_is_read_up_to_its_limits() -> None:
    assert len(parse_query(" ".join(str(number) for number in range(100))).terms) == 32
    distinct = "".join(chr(0x4E00 + number) for number in range(5_000))
    assert len(parse_query(distinct).terms[0].phrase) == 999


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ＡＢＣ　ｶﾞ①㈱", "ABC ガ1(株)"),
        ("葛\U000e0100", "葛"),
        ("soft\u00adware", "software"),
        ("\ufeffa\u200bb", "ab"),
        ("Case", "Case"),
    ],
)
def test_the_form_of_comparison(text: str, form: str) -> None:
    assert normalise(text) == form


def test_folding_ignores_case() -> None:
    assert fold("ＳTRAẞE") == "strasse"


@given(st.text(st.characters()))
def test_any_text_becomes_terms_and_can_be_stored(text: str) -> None:
    for stored in (replace_surrogates(text), index_terms(text)):
        assert stored.encode("utf-8").decode("utf-8") == stored


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_query_and_any_text_make_a_snippet(text: str, query: str) -> None:
    assert "\ud800" not in snippet(text, parse_query(query).terms)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_without_its_brackets_the_snippet_of_a_short_text_is_the_text(text: str) -> None:
    whole = " ".join(normalise(text).split())
    assume(len(whole) <= 120 and not {"[", "]"} & set(whole))
    assert snippet(text, parse_query(text).terms).replace("[[", "").replace("]]", "") == whole


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("営業報告書の件", "報告書", "営業[[報告書]]の件"),
        ("営 業\n報 告 書", "業報告", "営 [[業 報 告]] 書"),
        ("ＡＢＣ商事", "abc", "[[ABC]]商事"),
        ("a  b\n\n c", "c", "a b [[c]]"),
        ("A Trace-\nbased compiler", "trace-based", "A [[Trace- based]] compiler"),
        ("retrace trace", "trace", "retrace [[trace]]"),
        ("契約2024年", "2024", "契約[[2024]]年"),
        ("業務委託契約書", "契", "業務委託[[契]]約書"),
        ("Die Straße", "straße", "Die [[Straße]]"),
        ("DIE STRASSE", "straße", "DIE [[STRASSE]]"),
        ("ああああ", "ああ", "[[ああ]][[ああ]]"),
        ("営業報告書", "営業報告 報告書", "[[営業報告]]書"),
        ("no match here", "elsewhere", "no match here"),
        ("", "word", ""),
        ("a+b (c)", "b (c", "a+[[b]] ([[c]])"),
    ],
)
def test_matches_are_marked(text: str, query: str, shown: str) -> None:
    assert snippet(text, parse_query(query).terms) == shown


def test_a_long_text_is_truncated_around_the_match() -> None:
    text = "あ" * 500 + "営業" + "い" * 500
    assert snippet(text, parse_query("営業").terms) == "…" + "あ" * 30 + "[[営業]]" + "い" * 88 + "…"


def test_a_long_text_is_truncated_between_words() -> None:
    text = "one two three " * 30 + "needle " + "four five six " * 30
    shown = snippet(text, parse_query("needle").terms)
    assert re.fullmatch(r"…((one|two|three) )+\[\[needle\]\]( (four|five|six))+…", shown)
    assert 100 <= len(shown) <= 126


def test_a_match_at_the_end_keeps_the_length() -> None:
    assert snippet("あ" * 500 + "営業", parse_query("営業").terms) == "…" + "あ" * 118 + "[[営業]]"


def test_a_match_longer_than_a_snippet_is_shown_whole() -> None:
    phrase = "".join(chr(0x4E00 + number) for number in range(200))
    assert (
        snippet("あ" * 100 + phrase + "い" * 100, parse_query(phrase).terms) == f"…{'あ' * 30}[[{phrase}]]…"
    )


def test_the_snippet_shows_where_most_words_are_close_together() -> None:
    text = "alpha " + "filler " * 60 + "alpha then beta " + "filler " * 60 + "beta"
    assert "[[alpha]] then [[beta]]" in snippet(text, parse_query("alpha beta").terms)


def test_of_equal_places_the_snippet_shows_the_first() -> None:
    text = "first needle " + "filler " * 60 + "second needle"
    assert snippet(text, parse_query("needle").terms).startswith("first [[needle]]")


def test_a_match_truncated_by_the_end_is_not_marked() -> None:
    text = "alpha " + "あ" * 83 + " " + "beta" * 20 + " gamma"
    assert snippet(text, parse_query(f"alpha {'beta' * 20}").terms).count("[[") == 1


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        ("/Share/Report.PDF", "/share/report.pdf"),
        ("\\\\nas\\部門\\ＡＢＣ.pdf", "//nas/部門/abc.pdf"),
        ("ﾊﾟﾘ.txt", "パリ.txt"),
    ],
)
def test_paths_are_compared_without_case_width_or_kind_of_separator(path: str, folded: str) -> None:
    assert fold_path(path) == folded
