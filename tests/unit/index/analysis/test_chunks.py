"""Long texts in pieces."""

from __future__ import annotations

import pytest

from worker.index.analysis.chunks import CHUNK_CHARS, chunks

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text", ["", "短い文。", "あ" * (3 * CHUNK_CHARS + 7), "文です。\n" * 40_000, "word " * 30_000]
)
def test_the_pieces_are_the_text_and_none_is_too_long(text: str) -> None:
    pieces = list(chunks(text))
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= CHUNK_CHARS
    assert len(pieces) <= 2 * len(text) // CHUNK_CHARS + 1


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("営業の報告です。続き\n" * 9_000, "。"),
        ("氏名 高橋\n" * 20_000, "\n"),
        ("高橋、" * 30_000, "、"),
        ("あ" * 30_000 + "。" + "あ" * 30_000, "。"),
    ],
)
def test_a_piece_ends_with_a_sentence_or_else_a_line_or_a_word(text: str, end: str) -> None:
    first, *_ = chunks(text)
    assert first.endswith(end)
