"""Tesseract's TSV becomes words and running text."""

from __future__ import annotations

import json

import pytest

from worker.extract.ocr.tesseract_tsv import parse

pytestmark = pytest.mark.unit

_HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def _row(text: str, *, where: str = "1 1 1 1", box: str = "0 0 20 20", conf: str = "90") -> str:
    return "\t".join(["5", *where.split(), "1", *box.split(), conf, text]) + "\n"


def _line(*words: tuple[str, int]) -> str:
    """One line of 20 px high words, each with the gap before it in pixels."""
    left, rows = 0, []
    for text, gap_px in words:
        left += gap_px
        rows.append(_row(text, box=f"{left} 0 40 20"))
        left += 40
    return _HEADER + "".join(rows)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([("quick", 0), ("brown", 8)], "quick brown"),
        ([("営業", 0), ("報告", 4), ("書", 30)], "営業報告書"),
        ([("記録", 0), ("した", 2), ("。", 2), ("「", 9), ("次", 1)], "記録した。「次"),
        ([("１２", 0), ("月", 3)], "１２月"),
        ([("ﾃｽﾄ", 0), ("中", 3)], "ﾃｽﾄ中"),
        ([("約", 0), ("12", 6), ("万", -20)], "約12万"),
        ([("(1)", 0), ("既存", 20)], "(1) 既存"),
        ([("한국어", 0), ("문서", 8)], "한국어 문서"),
    ],
)
def test_spaces_are_where_the_script_has_them(words: list[tuple[str, int]], text: str) -> None:
    assert parse(_line(*words)).text == text


def test_vertical_lines_have_no_spaces_at_all() -> None:
    tsv = _HEADER + _row("営業", box="100 0 20 40") + _row("AWS", box="100 60 20 40")

    assert parse(tsv).text == "営業AWS"


def test_lines_paragraphs_blocks_and_pages_are_separated() -> None:
    tsv = _HEADER + "".join(
        _row(text, where=where)
        for text, where in [
            ("one", "1 1 1 1"),
            ("two", "1 1 1 2"),
            ("three", "1 1 2 1"),
            ("four", "1 2 1 1"),
            ("five", "2 1 1 1"),
        ]
    )

    assert parse(tsv).text == "one\ntwo\n\nthree\n\nfour\n\nfive"


def test_rows_that_are_no_words_are_dropped() -> None:
    structure = "4\t1\t1\t1\t1\t0\t0\t0\t9\t9\t-1\t\n"
    tsv = (
        _HEADER
        + structure
        + _row(" ", conf="95")
        + _row("　")
        + _row("x", conf="-1")
        + _row("real")
        + "5\t1\n"
    )

    assert parse(tsv).text == "real"


def test_confidence_is_weighted_by_characters() -> None:
    tsv = _HEADER + _row("abcdefgh", conf="90") + _row("xy", conf="40")

    assert parse(tsv).confidence == 80.0


def test_a_page_without_words_has_no_confidence() -> None:
    ocr_text = parse(_HEADER)

    assert (ocr_text.text, ocr_text.confidence, ocr_text.chars, ocr_text.words_json()) == ("", None, 0, "[]")


def test_words_have_their_boxes() -> None:
    ocr_text = parse(
        _HEADER + _row("営業", box="1 2 30 40", conf="91.6") + _row('a"b', box="5 6 7 8", conf="50")
    )

    assert json.loads(ocr_text.words_json()) == [["営業", 1, 2, 30, 40, 92], ['a"b', 5, 6, 7, 8, 50]]
    assert "営業" in ocr_text.words_json()
    assert ocr_text.chars == 5


@pytest.mark.parametrize("invalid", ["", "Segmentation fault", _HEADER + _row("x", box="a b c d")])
def test_what_is_not_tsv_is_refused(invalid: str) -> None:
    with pytest.raises(ValueError, match=r"TSV|int"):
        parse(invalid)
