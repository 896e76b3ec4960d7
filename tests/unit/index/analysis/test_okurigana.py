"""Compounds with the kana after their kanji and without."""

from __future__ import annotations

import pytest

from worker.index.analysis.okurigana import spellings, without_okurigana

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("立ち入り禁止", "立入禁止"),
        ("打ち合わせ議事録", "打合議事録"),
        ("新規申し込み", "新規申込"),
        ("引き渡し日の変更", "引渡日の変更"),
        ("貸出票", "貸出票"),
        ("生き物", "生き物"),
        ("買い取り価格表", "買取価格表"),
        ("赤い十字社", "赤い十字社"),
        ("東京に出張", "東京に出張"),
        ("世の中の話", "世の中の話"),
    ],
)
def test_kana_between_kanji_go_where_enough_is_left(text: str, bare: str) -> None:
    assert without_okurigana(text) == bare


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("立ち入り禁止", ("立ち入", "禁止")),
        ("立入禁止", ("立つ", "入る", "禁止")),
        ("振込手数料", ("振り込", "手数料")),
    ],
)
def test_a_compound_has_the_words_of_its_other_spelling(text: str, words: tuple[str, ...]) -> None:
    assert words in set(spellings(text))


@pytest.mark.parametrize("text", ["報告書", "定例点検", "電話番号", "report"])
def test_most_words_are_spelled_in_one_way(text: str) -> None:
    assert list(spellings(text)) == []
