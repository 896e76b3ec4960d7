"""Where terms are in a folded text."""

from __future__ import annotations

import pytest

from worker.index.analysis.folding import fold_text
from worker.index.analysis.matches import near_spans, quick_spans, thorough_spans
from worker.index.analysis.query_terms import analyse_query_term

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("query", "text", "parts"),
    [
        ("営業", "営業部の営業", ["営業", "営業"]),
        ("trace based", "a trace-based, trace", ["trace-based"]),
        ("trace", "traces retrace trace_a", ["trace"]),
        ("契約2024", "契約 2024", ["契約 2024"]),
        ("128万円", "計1,280,000円也", ["1,280,000円"]),
        ("2024/5/31", "令和6年5月31日付", ["令和6年5月31日"]),
        ("!", "a!b", []),
    ],
)
def test_a_term_is_found_as_it_is_or_as_an_entity(query: str, text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in quick_spans(text, analyse_query_term(query))] == parts


@pytest.mark.parametrize(
    ("query", "text", "is_ocr", "parts"),
    [
        ("申し込む", "申込みの書類", False, ["申込み"]),
        ("report", "annual reports", False, ["reports"]),
        ("たかはし", "高橋様", False, ["高橋"]),
        ("あおばしょうじ", "青葉商事", False, ["青葉商事"]),
        ("時間", "時問の", True, ["時問"]),
        ("modern", "a modem", True, ["modem"]),
        ("時間", "時問の", False, []),
    ],
)
def test_a_term_is_found_as_words_readings_and_shapes(
    query: str, text: str, is_ocr: bool, parts: list[str]
) -> None:
    text = fold_text(text)
    found = thorough_spans(text, analyse_query_term(query), is_ocr=is_ocr)
    assert [text[start:end] for start, end in found] == parts


@pytest.mark.parametrize(
    ("query", "text", "parts"),
    [
        ("website", "a web-site of webs", ["web-site"]),
        ("printersetup", "a printersetupguide", ["printersetupguide"]),
        ("inv-2024-03", "no. inv 2024 0315.", ["inv 2024 0315"]),
        ("mail", "a mailbox in a street", ["mailbox"]),
    ],
)
def test_a_term_is_found_in_two_words_and_as_a_beginning(query: str, text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in near_spans(text, analyse_query_term(query))] == parts
