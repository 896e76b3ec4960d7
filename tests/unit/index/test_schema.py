"""What is asked of every search index."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from worker.errors import LeaseLostError
from worker.index.schema import SearchIndex
from worker.models import Document, FileType, Page, State, TextSource, Vectors

pytestmark = pytest.mark.unit

MakeDocument = Callable[..., Document]


def names(index: SearchIndex, query: str) -> list[str]:
    return [hit.file_name for hit in index.search(query).hits]


def put(index: SearchIndex, *documents: Document, version: int = 1) -> None:
    for document in documents:
        index.index_document(document, version=version, refresh=True)


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
        ("営業の報告", "営業報告"),
        ("東京・大阪", "東京大阪"),
        ("kata", "カタ"),
        ("in the lake we swim", '"the swim"'),
        ("tracer based", "trace-based"),
        ("tracebased", "trace-based"),
        ("reporting", "report"),
        ("契約2024", "2024年"),
    ],
)
def test_another_text_is_not_found(
    index: SearchIndex, make_document: MakeDocument, text: str, query: str
) -> None:
    put(index, make_document("a.pdf", text))
    assert names(index, query) == []


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
    ],
)
def test_no_query_is_a_syntax_error(index: SearchIndex, make_document: MakeDocument, query: str) -> None:
    put(index, make_document("a.pdf", "text"))
    assert index.search(query).total in (0, 1)


def test_operators_are_words_like_others(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "cats and dogs"), make_document("b.pdf", "cats with dogs"))
    assert names(index, "cats AND dogs") == ["a.pdf"]


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
    assert hit.snippet == "[[営業部/Secret]]_Plan-2024.pdf"


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


def test_results_come_in_slices_and_the_total_counts_all(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, *[make_document(f"{number}.pdf", "text " * (number + 1)) for number in range(7)])
    slices = [index.search("text", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [result.total for result in slices] == [7, 7, 7, 7]
    assert [len(result.hits) for result in slices] == [3, 3, 1, 0]
    found = [hit for result in slices for hit in result.hits]
    assert len({hit.file_id for hit in found}) == 7
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_a_new_version_takes_the_place_of_the_old(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "古い文章", "二枚目"), version=1)
    put(index, make_document("a.pdf", "新しい文章"), version=2)
    assert index.search("古い").total == index.search("二枚目").total == 0
    assert index.search("新しい").total == 1


def test_the_same_version_overwrites(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.pdf", "first"), version=3)
    put(index, make_document("a.pdf", "second"), version=3)
    assert (index.search("first").total, index.search("second").total) == (0, 1)


def test_a_stale_version_is_refused_and_changes_nothing(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(index, make_document("a.pdf", "current"), version=5)
    with pytest.raises(LeaseLostError, match=r"version 5.*version 4 is stale"):
        put(index, make_document("a.pdf", "stale"), version=4)
    with pytest.raises(LeaseLostError):
        index.tombstone(make_document("a.pdf").file_id, version=4)
    assert (index.search("current").total, index.search("stale").total) == (1, 0)


def test_a_tombstone_hides_the_file_everywhere(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text", vectors=Vectors(image=(1.0, 0.0)), thumbnail=b"webp")
    put(index, document, version=1)
    index.tombstone(document.file_id, version=2)
    assert index.search("text").total == index.search("a.pdf").total == 0
    assert index.document(document.file_id) is None
    assert index.find("a.pdf") == index.find(document.file_id) == []
    assert index.similar((1.0, 0.0)) == []


def test_a_stale_write_does_not_bring_a_file_back(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text")
    index.tombstone(document.file_id, version=2)
    with pytest.raises(LeaseLostError):
        put(index, document, version=1)
    assert index.search("text").total == 0


def test_a_newer_write_brings_a_file_back(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "text")
    put(index, document, version=1)
    index.tombstone(document.file_id, version=2)
    index.tombstone(document.file_id, version=2)
    put(index, document, version=3)
    assert index.search("text").total == 1


def test_a_document_in_the_state_of_a_tombstone_is_hidden(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    document = make_document("a.pdf", "text", state=State.TOMBSTONED, reason="object_gone")
    put(index, document)
    assert index.search("text").total == index.search("a.pdf").total == 0
    assert index.find("a.pdf") == []


def test_a_document_comes_back_as_it_was_written(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document(
        "営業/報告.pdf",
        file_type=FileType.TIFF,
        state=State.PARTIAL,
        reason="timeout",
        reason_message="page 2 took too long",
        content_hash="c0ffee",
        thumbnail_key="thumbnails/c0ffee",
        artifact_key="artifacts/c0ffee",
        indexed_at="2026-01-01T00:00:00Z",
        thumbnail=b"RIFF\x00webp",
        vectors=Vectors(
            image=(0.5, -0.25, 1.0),
            image_model="image",
            text=((1.0,), (2.0,)),
            text_model="text",
            pending=True,
        ),
        pages=(
            Page(number=1, text="ＡＢＣ\n営業\x00", source=TextSource.OCR, language="jpn", confidence=91.5),
            Page(number=2, text="", source=TextSource.TIMED_OUT, reason="timeout"),
            Page(number=12, text="text", source=TextSource.TEXT_LAYER, language="eng"),
        ),
    )
    put(index, document)
    assert index.document(document.file_id) == document


def test_an_unknown_document_is_none(index: SearchIndex) -> None:
    assert index.document("0" * 64) is None


def test_text_that_is_no_unicode_is_kept_as_far_as_it_is(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    document = make_document("caf\udce9/a.pdf", "before \ud842\udf9f after \udfff end")
    put(index, document)
    assert index.search("before 𠮟 end").total == 1
    stored = index.document(document.file_id)
    assert stored is not None
    assert stored.pages[0].text == "before 𠮟 after \ufffd end"
    assert index.find("caf\udce9/a.pdf")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("報告.pdf", ["営業部/報告.pdf", "技術部/報告.pdf"]),
        ("営業部/報告.pdf", ["営業部/報告.pdf"]),
        ("/home/me/営業部/報告.pdf", ["営業部/報告.pdf"]),
        ("営業部\\報告.pdf", ["営業部/報告.pdf"]),
        ("業部/報告.pdf", []),
        ("report.PDF", ["Docs/Ｒｅｐｏｒｔ.pdf", "old/Docs/report.pdf"]),
        ("docs/report.pdf", ["Docs/Ｒｅｐｏｒｔ.pdf"]),
        ("報告", []),
        ("a.pdf", ["a.pdf"]),
        ("x/a.pdf", ["x/a.pdf"]),
        ("y/a.pdf", ["a.pdf"]),
        ("share.docx", ["\\\\nas\\share.docx"]),
        ("ガイド.txt", ["カ\u3099イト\u3099.txt"]),
        ("", []),
    ],
)
def test_files_are_found_by_name_or_path(
    index: SearchIndex, make_document: MakeDocument, asked: str, found: list[str]
) -> None:
    paths = [
        "営業部/報告.pdf",
        "技術部/報告.pdf",
        "Docs/Ｒｅｐｏｒｔ.pdf",
        "old/Docs/report.pdf",
        "a.pdf",
        "x/a.pdf",
    ]
    put(
        index,
        *[make_document(path) for path in paths],
        make_document("\\\\nas\\share.docx", file_name="share.docx"),
        make_document("カ\u3099イト\u3099.txt"),
    )
    assert sorted(summary.file_path for summary in index.find(asked)) == sorted(found)


def test_a_summary_says_how_the_file_ended(index: SearchIndex, make_document: MakeDocument) -> None:
    document = make_document("a.pdf", "one", "two", state=State.PARTIAL, reason="timeout")
    put(index, document)
    (summary,) = index.find(document.file_id)
    assert (summary.file_name, summary.state, summary.reason, summary.pages) == (
        "a.pdf",
        State.PARTIAL,
        "timeout",
        2,
    )


def test_near_pictures_come_first_by_their_cosine(index: SearchIndex, make_document: MakeDocument) -> None:
    vectors = {
        "same.jpg": (2.0, 0.0),
        "near.jpg": (1.0, 1.0),
        "across.jpg": (0.0, 5.0),
        "opposite.jpg": (-1.0, 0.0),
        "nothing.jpg": (0.0, 0.0),
        "other-model.jpg": (1.0, 0.0, 0.0),
    }
    put(index, *[make_document(name, vectors=Vectors(image=vector)) for name, vector in vectors.items()])
    put(index, make_document("without.pdf", "text"))
    hits = index.similar((1.0, 0.0), limit=10)
    assert {hit.file_name: round(hit.score, 5) for hit in hits} == {
        "same.jpg": 1.0,
        "near.jpg": round(math.sqrt(0.5), 5),
        "across.jpg": 0.0,
        "nothing.jpg": 0.0,
        "opposite.jpg": -1.0,
    }
    assert [hit.file_name for hit in hits][:2] == ["same.jpg", "near.jpg"]
    assert [hit.file_path for hit in index.similar((1.0, 0.0), limit=1)] == ["same.jpg"]


def test_a_direction_of_length_zero_is_like_nothing(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.jpg", vectors=Vectors(image=(1.0, 0.0))))
    assert [hit.score for hit in index.similar((0.0, 0.0))] == [0.0]


def test_an_old_vector_is_gone_after_a_new_write(index: SearchIndex, make_document: MakeDocument) -> None:
    put(index, make_document("a.jpg", vectors=Vectors(image=(1.0, 0.0))), version=1)
    put(index, make_document("a.jpg", vectors=Vectors(pending=True)), version=2)
    assert index.similar((1.0, 0.0)) == []


def test_an_empty_index_answers(index: SearchIndex) -> None:
    assert (index.search("text").total, index.similar((1.0,)), index.find("a.pdf")) == (0, [], [])
