"""How text is stored, and what its script tells."""

from __future__ import annotations

import tracemalloc

import pytest

from worker.extract.text.normalise import clean, language_of_text

pytestmark = pytest.mark.unit


def test_line_ends_become_line_feeds_and_control_characters_go() -> None:
    assert clean("\ufeffone\r\ntwo\rthree\x0cfour\x00\x08\tfive\u2028six\ud83d \n") == (
        "one\ntwo\nthree\nfour\tfive\nsix"
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("これはテストです。", "jpn"),
        ("東京都千代田区", "jpn"),
        ("Amazon S3 のバケットを作成する", "jpn"),
        ("Trace-based compilation", "eng"),
        ("안녕하세요", None),
        ("123 456", None),
        ("", None),
    ],
)
def test_the_script_tells_the_language(text: str, language: str | None) -> None:
    assert language_of_text(text) == language


def test_a_long_text_is_judged_by_a_sample_of_all_of_it() -> None:
    tracemalloc.start()
    try:
        assert language_of_text("word " * 1_000_000 + "日本語の本文" * 500_000) == "jpn"
        assert tracemalloc.get_traced_memory()[1] < 60 * 1024**2
    finally:
        tracemalloc.stop()
