"""How text is stored, and what is known of its language."""

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
        ("営業報告書", "jpn"),
        ("営業報告書（２０２５）😀", "jpn"),
        ("Trace-based compilation with the tracing compiler", "eng"),
        ("This is some text", "eng"),
        ("안녕하세요", "kor"),
    ],
)
def test_a_language_is_named_where_the_text_proves_it(text: str, language: str) -> None:
    assert language_of_text(text) == language


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("人人生而自由,在尊严和权利上一律平等。", "Hani"),
        ("人人生而自由,在尊嚴和權利上一律平等。", "Hani"),
        ("國立臺灣大學圖書館", "Hani"),
        ("他們賦有理性和良心,並應以兄弟關係的精神相對待,如「鮮の每日」。", "Hani"),
        ("請求書", "Hani"),
        ("Die Würde des Menschen ist unantastbar. Sie zu achten ist Verpflichtung.", "Latn"),
        ("Sie will das nicht, und so was in der Art", "Latn"),
        ("Alle mensen worden vrij en gelijk in waardigheid en rechten geboren", "Latn"),
        ("Alle mennesker er født frie og lige i værdighed og rettigheder, for at", "Latn"),
        ("Tous les êtres humains naissent libres et égaux en dignité", "Latn"),
        ("Wszyscy ludzie rodzą się wolni i równi; to do i by", "Latn"),
        ("Ana are mere", "Latn"),
        ("Hello, world", "Latn"),
        ("Все люди рождаются свободными, USB", "Cyrl"),
        ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι", "Grek"),
        ("يولد جميع الناس أحرارا", "Arab"),
    ],
)
def test_where_the_language_is_not_known_the_script_is_named(text: str, script: str) -> None:
    assert language_of_text(text) == script


@pytest.mark.parametrize("text", ["123 456", "", "→ ① ■"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert language_of_text(text) is None


def test_a_long_text_is_classified_by_a_sample_of_all_of_it() -> None:
    tracemalloc.start()
    try:
        assert language_of_text("word " * 1_000_000 + "日本語の本文" * 500_000) == "jpn"
        assert tracemalloc.get_traced_memory()[1] < 60 * 1024**2
    finally:
        tracemalloc.stop()
