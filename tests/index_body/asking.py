"""What a person asks for beside words: exclusions, alternatives, filters, and what is content with less.

The fixture `index` is an empty one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument, names, put
from worker.index.search_index import SearchIndex, Tier
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State


@pytest.fixture
def office(index: SearchIndex, make_document: MakeDocument) -> SearchIndex:
    def in_language(document: Document, language: str) -> Document:
        return replace(document, pages=tuple(replace(page, language=language) for page in document.pages))

    put(
        index,
        in_language(make_document("営業部/契約.pdf", "基本契約を結ぶ", "更新の条件"), "jpn"),
        in_language(make_document("営業部/覚書.docx", "契約の覚書", file_type=FileType.DOCX), "jpn"),
        in_language(make_document("legal/contract.pdf", "This is our contract"), "eng"),
        make_document(
            "scan/photo.png", "契約", file_type=FileType.PNG, state=State.PARTIAL, reason="timeout"
        ),
        make_document("経理部/請求.xlsx", "請求の一覧", file_type=FileType.XLSX),
    )
    return index


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("契約 -更新", ["photo.png", "覚書.docx"]),
        ("契約 -更新 -覚書", ["photo.png"]),
        ('契約 -"更新の条件"', ["photo.png", "覚書.docx"]),
        ("契約 NOT 更新", ["photo.png", "覚書.docx"]),
        ("契約 NOT type:pdf", ["photo.png", "覚書.docx"]),
        ("契約 AND 更新", ["契約.pdf"]),
        ("覚書 OR 請求", ["覚書.docx", "請求.xlsx"]),
        ("契約 更新 OR 覚書", ["契約.pdf", "覚書.docx"]),
        ("契約 type:pdf", ["契約.pdf"]),
        ("契約 type:pdf type:word", ["契約.pdf", "覚書.docx"]),
        ("契約 type: image", ["photo.png"]),
        ("契約 -type:pdf", ["photo.png", "覚書.docx"]),
        ("契約 path:営業部", ["契約.pdf", "覚書.docx"]),
        ("契約 -path:営業部", ["photo.png"]),
        ('契約 path:"営業部/覚書"', ["覚書.docx"]),
        ("contract lang:en", ["contract.pdf"]),
        ("契約 lang:ja", ["契約.pdf", "覚書.docx"]),
        ("契約 -lang:ja", ["photo.png"]),
        ("契約 state:partial", ["photo.png"]),
        ("契約 page:1", ["photo.png", "契約.pdf", "覚書.docx"]),
        ("更新 page:1", []),
        ("更新 page:2-9", ["契約.pdf"]),
        ("type:pdf", ["contract.pdf", "契約.pdf"]),
        ("type:pdf -更新", ["contract.pdf"]),
        ("page:2", ["契約.pdf"]),
        ("-契約", []),
        ("基本契約、更新", ["契約.pdf"]),
        ("基本契約　更新", ["契約.pdf"]),
    ],
)
def test_a_query_is_understood(office: SearchIndex, query: str, found: list[str]) -> None:
    assert sorted(names(office, query)) == found
    assert office.search(query).total == len(found)


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("🎉", "there is no word in the query"),
        ("契約 NOT", "NOT needs a word after it"),
        ("契約 format:pdf", '"format:" is no filter'),
        ("契約 type:docs", "type:docs is not understood: say for example pdf"),
        ("契約 page:0", "page:0 is not understood"),
        ("契約 lang:xx", "say jpn or eng"),
        ("契約 state:lost", "say indexed, partial"),
        ("契約 OR", "OR needs a word on both sides"),
        ("-契約", "Nothing is looked for"),
        ("契約 -page:2", "-page:2 is not understood: pages cannot be left out"),
        ("契約 page:1 page:2", "page:2 is not understood: pages are named before it"),
    ],
)
def test_what_is_not_understood_is_said_and_not_searched_for(
    office: SearchIndex, query: str, note: str
) -> None:
    result = office.search(query)
    assert note in result.notes[0]
    assert result.total == (3 if query.startswith("契約") else 0)


def test_a_filter_in_quotes_is_text(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "format:pdf is written here"), make_document("b.pdf", "other"))
    result = index.search('"format:pdf"')
    assert ([hit.file_name for hit in result.hits], result.notes) == (["a.pdf"], ())


def test_a_hit_names_the_best_page_among_those_asked_for(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "契約、契約、契約", "長い文の中に契約が一度" + "ある" * 50))
    assert [hit.page for hit in index.search("契約").hits] == [1]
    assert [hit.page for hit in index.search("契約 page:2").hits] == [2]


@pytest.mark.parametrize(
    ("query", "tier"),
    [
        ("営業部の報告書", Tier.ALL),
        ("営業部の報告書はどこ", Tier.ALL),
        ("報告書 営業部 存在せず", Tier.MOST),
        ("報告書 ゾウリムシ", Tier.MOST),
        ("四半斯の報告書です", Tier.NEAR),
    ],
)
def test_where_no_file_has_all_of_it_the_nearest_are_found(
    index: SearchIndex, make_document: MakeDocument, query: str, tier: Tier
) -> None:
    put(
        index,
        make_document("a.pdf", "営業部がまとめた四半期の報告書です"),
        make_document("b.pdf", "全く無関係 nothing of that"),
    )
    result = index.search(query)
    assert [hit.file_name for hit in result.hits] == ["a.pdf"]
    assert (result.tier, result.total) == (tier, 1)
    assert "報告書" in result.hits[0].snippet


def test_what_has_more_of_a_query_comes_before_what_has_less_of_it_often(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        make_document("often.pdf", "alpha bravo charlie delta " * 3),
        make_document("more.pdf", "alpha bravo charlie delta echo " + "other words " * 300),
        *[make_document(f"{number}.pdf", f"nothing of it {number}") for number in range(12)],
    )
    result = index.search("alpha bravo charlie delta echo nowhere")
    assert result.tier is Tier.MOST
    assert [hit.file_name for hit in result.hits] == ["more.pdf", "often.pdf"]


def test_words_with_grammar_between_them_must_be_on_one_page(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        make_document("a.pdf", "営業部がまとめた記録", "会議の報告書"),
        make_document("b.pdf", "表紙", "営業部がまとめた四半期の報告書"),
    )
    result = index.search("営業部の報告書")
    assert ([hit.file_name for hit in result.hits], result.tier) == (["b.pdf"], Tier.ALL)
    assert [hit.page for hit in result.hits] == [2]


def test_a_quoted_word_is_looked_for_where_it_is_there_without_quotes_too(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "申し込みの方法"), make_document("b.pdf", "申込みの方法"))
    assert sorted(names(index, "申込み")) == ["a.pdf", "b.pdf"]
    assert names(index, '申込み "申込み"') == ["b.pdf"]


def test_each_alternative_may_be_the_name_of_a_file(index: SearchIndex, make_document: MakeDocument) -> None:
    put(
        index,
        *[make_document(f"{number}/覚書と報告書の写し.pdf", "覚書、報告書 " * 5) for number in range(3)],
        make_document("z/報告書.pdf", "全く別の話"),
    )
    assert names(index, "覚書 OR 報告書")[0] == "報告書.pdf"


def test_a_file_that_has_all_hides_those_that_have_most(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "営業部の報告書"), make_document("b.pdf", "営業部がまとめた議事録"))
    result = index.search("営業部の報告書")
    assert ([hit.file_name for hit in result.hits], result.tier) == (["a.pdf"], Tier.ALL)


def test_what_is_written_so_comes_before_the_same_words_elsewhere(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "営業部の報告書"), make_document("b.pdf", "営業部がまとめた報告書"))
    assert names(index, "営業部の報告書") == ["a.pdf", "b.pdf"]


def test_a_phrase_in_quotes_is_never_taken_apart(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "営業部がまとめた報告書"))
    assert index.search('"営業部の報告書"').total == 0


def test_exclusions_and_filters_hold_for_what_comes_near(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        make_document("a.pdf", "営業部がまとめた報告書"),
        make_document("b.docx", "営業部がまとめた報告書", file_type=FileType.DOCX),
        make_document("c.pdf", "営業部がまとめた報告書の下書き"),
    )
    assert names(index, "営業部の報告書 type:pdf -下書き") == ["a.pdf"]


def test_a_tombstone_passes_no_filter(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text")
    put(index, document)
    index.tombstone(document.file_id, version=2, refresh=True)
    assert index.search("type:pdf").total == index.search("-type:docx type:pdf").total == 0
