"""The tokens of a query's term, which are those of the texts that it should find."""

from __future__ import annotations

import pytest

from worker.index.analysis.query_terms import MAX_CHARS, Phrase, QueryTerm, analyse_query_term
from worker.index.analysis.streams import analyse

pytestmark = pytest.mark.unit


def is_in_pairs(term: QueryTerm, text: str) -> bool:
    tokens = analyse(text, is_ocr=False).pairs
    return any(is_in(phrase, tokens) for phrase in term.pairs)


def is_in(phrase: Phrase, tokens: tuple[str, ...]) -> bool:
    count = len(phrase.tokens)
    for start in range(len(tokens) - count + 1):
        *before, last = tokens[start : start + count]
        same = last.startswith(phrase.tokens[-1]) if phrase.prefix else last == phrase.tokens[-1]
        if same and tuple(before) == phrase.tokens[:-1]:
            return True
    return False


@pytest.mark.parametrize(
    ("query", "text"),
    [
        *[
            ("AB-99-1", "AB-99ー1"),
            ("ＡＢ-１２", "AB－１２－３４"),
            ("株式会社青葉商事", "㈱青葉商事"),
            ("(株)青葉", "青葉㍿と㈱青葉"),
        ],
        *[
            (name, "担当：髙橋、渡邉、齋藤、﨑山、澤田、國井")
            for name in ("高橋", "渡辺", "斎藤", "崎山", "沢田", "国井")
        ],
        *[
            (name, "サーバーの保守契約とユーザー登録、コンピュータの更新")
            for name in ("サーバ", "ｻｰﾊﾞｰ", "ユーザ", "コンピューター")
        ],
        *[
            ("コカコーラ", "コカ・コーラの納入"),
            ("アイスキューブ", "アイス・キューブ"),
            ("コカ・コーラ", "コカコーラ"),
        ],
        *[("ンター", "センターの"), ("々木", "佐々木"), ("佐々", "佐佐木"), ("木", "佐々木"), ("ガ", "ｶﾞｽ")],
        *[("西日本", "⻄⽇本"), ("trace based", "Trace-based"), ("Café", "CAFE"), ("𠮟る", "𠮟る")],
    ],
)
def test_a_term_finds_what_is_written_otherwise(query: str, text: str) -> None:
    assert is_in_pairs(analyse_query_term(query), text)


@pytest.mark.parametrize(
    ("query", "text"), [("カバー", "カバン"), ("業営", "営業"), ("trace", "traces"), ("ー", "ス")]
)
def test_a_term_finds_nothing_else(query: str, text: str) -> None:
    assert not is_in_pairs(analyse_query_term(query), text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        *[
            ("1280000", "支払額 1,280,000円"),
            ("45600", "残高 ¥45,600"),
            ("3300円", "合計 ３，３００円"),
            ("128万円", "1280000"),
        ],
        *[
            (form, "日付 2024年5月31日")
            for form in ("2024/5/31", "20240531", "R6.5.31", "2024年5月", "令和6年", "5月31日")
        ],
        *[("2024年7月31日", "令和6年7月31日"), ("2024/6/30", "2024/06/30"), ("0312345678", "03-1234-5678")],
        *[("AB1234", "AB-1234"), ("1000005", "〒100-0005"), ("令和6年度", "2024年度")],
    ],
)
def test_an_entity_stands_for_its_term(query: str, text: str) -> None:
    term = analyse_query_term(query)
    tokens = set(analyse(text, is_ocr=False).entities)
    assert tokens & set(term.entities)


@pytest.mark.parametrize(
    ("query", "text"), [("2024年5月31日", "2024年5月"), ("2024年5月", "2024年6月"), ("令和6年度", "2024年")]
)
def test_a_day_is_not_in_a_month_of_another_form(query: str, text: str) -> None:
    tokens = set(analyse(text, is_ocr=False).entities)
    assert not tokens & set(analyse_query_term(query).entities)


def test_words_stems_readings_and_shapes_are_those_of_texts() -> None:
    page = analyse("お申込みは髙橋商事まで。Invoices were sent.", is_ocr=True)
    assert set(analyse_query_term("申し込む").words) <= set(page.words)
    assert set(analyse_query_term("invoice").stems) <= set(page.stems)
    assert set(analyse_query_term("たかはししょうじ").readings) <= set(page.readings)
    shaped = analyse_query_term("高橋").lookalikes
    assert shaped
    assert set(shaped.tokens) <= set(page.lookalikes)


def test_a_part_of_a_term_may_be_an_entity() -> None:
    term = analyse_query_term("契約2024年5月")
    assert term.entities == ("m202405",)


def test_a_term_without_a_word_has_nothing() -> None:
    term = analyse_query_term("、!")
    assert (term.pairs, term.words, term.entities, term.lookalikes, term.stems) == ((), (), (), None, ())


def test_a_long_term_is_read_up_to_its_limit() -> None:
    (phrase,) = analyse_query_term("営" * 100_000).pairs
    assert len(phrase.tokens) == MAX_CHARS - 1
