"""Snippets show what is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.analysis.query_terms import analyse_query_term
from worker.index.analysis.snippets import SNIPPET_CHARS, marked_parts, plain_text, snippet

pytestmark = pytest.mark.unit


def snip(text: str, *terms: str, is_ocr: bool = False) -> str:
    return snippet(text, [analyse_query_term(term) for term in terms], is_ocr=is_ocr)


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("㈱青葉商事の髙橋様", "高橋", "㈱青葉商事の[[髙橋]]様"),
        ("㈱青葉商事の髙橋様", "株式会社青葉", "[[㈱青葉]]商事の髙橋様"),
        ("ｺｶ･ｺｰﾗの納入", "コカコーラ", "[[ｺｶ･ｺｰﾗ]]の納入"),
        ("サーバーの保守", "サーバ", "[[サーバー]]の保守"),
        ("合計 １，２８０，０００円です", "128万円", "合計 [[１，２８０，０００円]]です"),
        ("日付 R6.5.31 まで", "2024年5月", "日付 [[R6.5.31]] まで"),
        ("お申込みの書類", "申し込む", "お[[申込み]]の書類"),
        ("Annual  reports\nwere", "report", "Annual [[reports]] were"),
        ("高橋様の件", "たかはし", "[[高橋]]様の件"),
        ("営 業\n報告", "営業報告", "[[営 業 報告]]"),
        ("nothing here", "absent", "nothing here"),
        ("", "absent", ""),
    ],
)
def test_what_is_written_is_marked(text: str, query: str, expected: str) -> None:
    assert snip(text, query) == expected


def test_shapes_are_marked_on_ocred_pages_only() -> None:
    assert snip("時問と lnvoice", "時間", "Invoice", is_ocr=True) == "[[時問]]と [[lnvoice]]"
    assert "[[" not in snip("時問と lnvoice", "時間", "Invoice")


def test_a_snippet_is_around_the_densest_matches() -> None:
    text = "営業 " + "あいう えお " * 2_000 + "営業と報告 " + "かき くけ " * 2_000
    shown = snip(text, "営業", "報告")
    assert "[[営業]]と[[報告]]" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(plain_text(shown)) <= SNIPPET_CHARS + 2


@pytest.mark.parametrize("text", ["a[[b]] c", "[[[x]]]", "[x]", "x]]", "[[x", "[[[[", "]] x [["])
def test_brackets_of_the_text_are_no_marks(text: str) -> None:
    for query in ("x", "b", "absent"):
        shown = snip(text, query)
        assert plain_text(shown) == text
        assert [part for part, is_match in marked_parts(shown) if is_match] == [query] * (query in text)


@given(st.text("[]x営 業\u2060", max_size=30))
def test_a_snippet_without_its_marks_is_the_text(text: str) -> None:
    shown = snip(text, "x", "営業")
    assert plain_text(shown) == " ".join(text.replace("\u2060", "").split())
    matches = [part for part, is_match in marked_parts(shown) if is_match]
    assert all(re.fullmatch(r"x|営\s?業", part) for part in matches)
    assert bool(matches) == bool(re.search(r"(?<!x)x(?!x)|営\s*業", plain_text(shown)))


def test_a_page_of_one_character_takes_no_time() -> None:
    query = "あ" * 1_000
    assert "[[" in snip("あ" * 300_000, query)
    assert len(plain_text(snip(("あ" * 999 + "い") * 300, query))) <= SNIPPET_CHARS + 2
