"""The streams of a text."""

from __future__ import annotations

import hashlib
import re
from dataclasses import astuple, fields

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from worker.index.analysis import streams as module
from worker.index.analysis.streams import VERSION, Streams, analyse, analyse_in_chunks
from worker.index.analysis.words import dictionary

pytestmark = pytest.mark.unit

TEXT = "令和6年5月31日、㈱青葉商事の髙橋さまへ お申込みの1,280,000円、AB-1234。The reports."


def test_a_page_has_every_stream() -> None:
    streams = analyse(TEXT, is_ocr=True)
    assert {"株式", "青葉", "高橋", "reports"} < set(streams.pairs)
    assert {"株式会社", "高橋", "申し込"} < set(streams.words)
    assert {"株式", "会社"} < set(streams.parts)
    assert {"タカハシ", "アオバショウジ"} < set(streams.readings)
    assert {"d20240531", "m202405", "n1280000", "cab1234"} < set(streams.entities)
    assert {"今和", "lz3"} & set(streams.lookalikes) == {"今和"}
    assert streams.stems == ("ab", "report")


def test_only_ocred_pages_have_shapes() -> None:
    assert analyse(TEXT, is_ocr=False).lookalikes == ()


def test_a_name_is_parted_where_its_words_are() -> None:
    streams = analyse("AnnualReports2024.pdf", is_ocr=False, is_name=True)
    assert streams.stems == ("annual", "report", "2024", "pdf")
    assert streams.pairs == ("annualreports2024", "pdf")


@settings(max_examples=30, phases=(Phase.generate,), deadline=None)
@given(
    st.text(st.sampled_from("営業サー々ー・かﾞa1-., 　\n\t\u200b\u2028\x1f@年月日(株)㈱円万"), max_size=40)
    | st.text(max_size=20)
)
def test_no_token_has_a_blank_or_is_empty(text: str) -> None:
    streams = analyse(text, is_ocr=True)
    tokens = [token for field in fields(Streams) for token in getattr(streams, field.name)]
    assert [token for token in tokens if not token or re.search(r"\s", token)] == []


def test_readings_and_entities_are_there_once() -> None:
    streams = analyse("高橋と高橋、2024年と2024年。" * 4_000, is_ocr=False)
    assert streams.readings.count("タカハシ") == 1
    assert streams.entities == ("y2024",)
    assert streams.words.count("高橋") == 2 * 4_000


def test_the_pieces_of_a_long_text_are_the_streams_of_the_whole() -> None:
    text = "営業の報告書、1,280,000円。\n" * 4_000
    pieces = list(analyse_in_chunks(text, is_ocr=True))
    whole = analyse(text, is_ocr=True)
    assert len(pieces) > 1
    for field in fields(Streams):
        joined = [token for piece in pieces for token in getattr(piece, field.name)]
        is_same = joined == list(getattr(whole, field.name))  # of a list that long pytest shows no difference
        assert is_same
    assert whole.words.count("報告書") == 4_000


def test_a_stream_ends_at_its_limit_and_pairs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOKENS", 100)
    streams = analyse("営業の報告書。" * 8_000, is_ocr=True)
    assert len(streams.words) == len(streams.parts) == len(streams.lookalikes) == 100
    assert streams.pairs.count("営業") == 8_000


def test_the_version_names_the_dictionary() -> None:
    assert f"2 {dictionary()}" == VERSION


SAMPLE = (
    TEXT
    + """
Running ponies were generously relational; the adjustments of several activities, sensibly organised.
渡邊は申込みの取扱説明書を読みました。東京都庁で打ち合わせ、サーバー室の鍵を受け取る。ヴァイオリン㈱ ｶﾀｶﾅ
résumé naïve Straße ĲSSEL ﬁnal Ⅷ ㍿ 令和元年度 〒100-0005 +81 3 3201 5544 a.b@example.co.jp 128万円 1/2
Ελλάδα Москва 서울특별시 𠮟る 葛󠄀飾 人々 霞ヶ関 一〇〇 lnvoice 0rder 力ード エ程 4億5千万円
"""
)


def test_other_tokens_of_the_same_text_need_another_number_of_the_analysis() -> None:
    """What else makes tokens: snowballstemmer, sudachipy and its dictionary, unicodedata.

    Where the number of the analysis or the dictionary changed, too, the sum belongs to that.
    """
    tokens = "\n".join(
        " ".join(stream)
        for is_ocr, is_name in ((True, False), (False, True))
        for stream in astuple(analyse(SAMPLE, is_ocr=is_ocr, is_name=is_name))
    )
    found = VERSION, hashlib.sha256(tokens.encode()).hexdigest()[:16]
    assert found == ("2 sudachidict-core 20261015", "b0ffd10626812c11")
