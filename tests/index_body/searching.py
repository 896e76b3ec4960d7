"""What every search index must find and show: SQLite in the unit tests, OpenSearch in the integration tests.

The fixture `index` is an empty one.
"""

from __future__ import annotations

import pytest

from tests.index_body.documents import MakeDocument, direction, names, put
from worker.index.search_index import SearchIndex, Tier
from worker.models.document import Vectors
from worker.models.ledger import State


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("2024年度の営業報告書です", "営業"),
        ("2024年度の営業報告書です", "営業報告書"),
        ("2024年度の営業報告書です", "2024年度"),
        ("ＡＢＣ商事との契約", "abc"),
        ("abc", "ＡＢＣ"),
        ("ｶﾀｶﾅのﾃﾞｰﾀ", "カタカナのデータ"),
        ("サーバーのエラー", "サーバー"),
        ("彼を𠮟る", "𠮟る"),
        ("彼を𠮟る", "𠮟"),
        ("𰻝𰻝麺を食べる", "𰻝𰻝麺"),
        ("業務委託契約書", "契"),
        ("業務委託契約書", "書"),
        ("契", "契"),
        ("日 本 語 の テ ス ト", "日本語のテスト"),
        ("日本語の\n文書をよむ", "日本語の文書"),
        ("日本語テスト", "日本 語テスト"),
        ("我々は人々と", "人々"),
        ("葛\U000e0100飾区の地図", "葛飾区"),
        ("⼀般的な⽂書", "一般的な文書"),
        ("㈱山田商店", "(株)山田商店"),
        ("서울특별시 강남구", "특별시"),
        ("A Trace-based compiler", "Trace-based"),
        ("A Trace-\nbased compiler", '"trace-based"'),
        ("We went Swimming in the lake.", '"Swimming in the lake"'),
        ("We went Swimming in the lake.", "lake swimming"),
        ("Die Straße ist lang", "STRASSE"),
        ("Ελλάδα και Москва", "москва ελλάδα"),
        ("total 1,234,567 yen", "1,234,567"),
        ("soft\u00adware", "software"),
        ("契約2024年", "契約2024"),
        ("契約2024年", "2024年"),
        ("don't panic", "don't"),
    ],
)
def test_a_text_is_found(index: SearchIndex, make_document: MakeDocument, text: str, query: str) -> None:
    put(index, make_document("a.pdf", text), make_document("b.pdf", "全く無関係 nothing of that"))
    assert names(index, query) == ["a.pdf"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("技術仕様書", "営業"),
        ("技術仕様書", "術技"),
        ("ハリとバリ", "パリ"),
        ("パリ", "ハリ"),
        ("かき", "がき"),
        ("病院に行く", "美容院"),
        ("びよういん", "びょういん"),
        ("kata", "カタ"),
        ("in the lake we swim", '"the swim"'),
        ("tracer based", "trace-based"),
        ("tracebased", "trace-based"),
    ],
)
def test_another_text_is_not_found(
    index: SearchIndex, make_document: MakeDocument, text: str, query: str
) -> None:
    put(index, make_document("a.pdf", text))
    found = index.search(query)
    assert not found.total or found.tier is not Tier.ALL


@pytest.mark.parametrize(
    "query",
    ["", "   ", '"', '""', "*", "()", "!?", "…", "-", "^", "'", "\u3000", "\x00", "\ud800", "・・・", ":"],
)
def test_a_query_without_words_finds_nothing(
    index: SearchIndex, make_document: MakeDocument, query: str
) -> None:
    put(index, make_document("a.pdf", "text"))
    assert index.search(query).total == 0


@pytest.mark.parametrize(
    "query",
    [
        'text "',
        '"text',
        "text*",
        "(text",
        "text)",
        "-text",
        "^text",
        "{text}:",
        "te\x00xt text",
        "text\ud800",
        "NEAR(text)",
        "text AND",
        "NOT text",
        "text OR NEAR",
        "'; DROP TABLE files; --",
        "terms:text",
        "字" * 5000,
        "word " * 5000,
        " ".join(str(number) for number in range(500)),
        # All of them distinct, so that nothing is cut: as many look-ups as a query can have.
        *("".join(chr(0x4E00 + number) for number in range(length)) for length in (13, 20, 22, 24, 999)),
        " ".join("".join(chr(0x4E00 + 22 * word + each) for each in range(22)) for word in range(30)),
        " ".join(f"{chr(97 + number % 26)}{chr(97 + number // 26)}resident" for number in range(32)),
    ],
)
def test_no_query_is_a_syntax_error(index: SearchIndex, make_document: MakeDocument, query: str) -> None:
    put(index, make_document("a.pdf", "text"))
    assert index.search(query).total in (0, 1)


def test_a_word_of_grammar_is_one_like_others(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "cats and dogs"), make_document("b.pdf", "cats with dogs"))
    assert names(index, "cats and dogs") == ["a.pdf"]
    assert sorted(names(index, "cats AND dogs")) == ["a.pdf", "b.pdf"]


def test_every_word_must_be_in_the_file_but_not_on_one_page(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        make_document("a.pdf", "営業の話", "技術の話"),
        make_document("b.pdf", "営業の話"),
        make_document("営業/c.pdf", "技術の話"),
    )
    assert sorted(names(index, "営業 技術")) == ["a.pdf", "c.pdf"]


def test_a_file_has_one_hit_that_names_its_best_page(index: SearchIndex, make_document: MakeDocument) -> None:
    put(
        index,
        make_document(
            "a.pdf", "", "長い文章の中に契約が一度だけ" + "ある" * 200, "契約、契約、契約", "終わり"
        ),
        make_document("b.pdf", "x" * 50),
    )
    result = index.search("契約")
    assert result.total == 1
    assert [(hit.page, hit.snippet) for hit in result.hits] == [(3, "[[契約]]、[[契約]]、[[契約]]")]


def test_a_file_without_text_is_found_by_its_name_and_path(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    encrypted = make_document("営業部/Secret_Plan-2024.pdf", state=State.NO_CONTENT, reason="encrypted")
    put(index, encrypted, make_document("other.pdf", "text"))
    for query in ("secret plan", "secret_plan-2024.pdf", "営業部", "営業部/Secret"):
        (hit,) = index.search(query).hits
        assert (hit.file_name, hit.page) == ("Secret_Plan-2024.pdf", 0)
        assert (hit.state, hit.reason) == (State.NO_CONTENT, "encrypted")
    assert hit.snippet == "[[営業部/Secret]]_Plan-2024.pdf"


def test_a_dead_lettered_version_replaces_text_and_picture_of_the_older_one(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "text", vectors=Vectors(image=direction(1.0))), version=1)
    dead = make_document("a.pdf", state=State.DEAD_LETTERED, reason="source_forbidden")
    put(index, dead, version=2)
    assert index.search("text").total == 0
    assert index.similar(direction(1.0)) == []
    (hit,) = index.search("a.pdf").hits
    assert (hit.page, hit.state, hit.reason) == (0, State.DEAD_LETTERED, "source_forbidden")
    assert [found.state for found in index.find("a.pdf")] == [State.DEAD_LETTERED]


def test_a_page_is_named_before_the_name_and_the_name_still_counts(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        make_document("memo.pdf", "営業報告書を書く"),
        make_document("営業報告書.pdf", "表紙", "これは営業報告書です"),
        *[make_document(f"{number}.pdf", "全く別の話") for number in range(8)],
    )
    hits = index.search("営業報告書").hits
    assert [(hit.file_name, hit.page) for hit in hits] == [("営業報告書.pdf", 2), ("memo.pdf", 1)]
    assert hits[0].score > hits[1].score > 0


def test_a_name_that_is_no_part_of_the_path_is_found(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("objects/0001", file_name="報告.pdf"))
    assert names(index, "報告") == ["報告.pdf"]


def test_results_are_paged_and_the_total_counts_all(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, *[make_document(f"{number}.pdf", "text " * (number + 1)) for number in range(7)])
    slices = [index.search("text", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [result.total for result in slices] == [7, 7, 7, 7]
    assert [len(result.hits) for result in slices] == [3, 3, 1, 0]
    found = [hit for result in slices for hit in result.hits]
    assert len({hit.file_id for hit in found}) == 7
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


@pytest.mark.parametrize("query", ["営業", "報告書", "report", "annual OR 報告", "path:memo report"])
def test_the_only_document_has_a_score_that_shows(
    index: SearchIndex, make_document: MakeDocument, query: str
) -> None:
    put(index, make_document("memo.pdf", "営業報告書 the annual report", "report " * 50))
    (hit,) = index.search(query).hits
    assert hit.score >= 0.01
    (filtered,) = index.search("type:pdf").hits
    assert filtered.score == 0
