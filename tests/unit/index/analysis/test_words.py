"""Japanese words in their usual form, by the dictionary of the extra `japanese`."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from worker.index.analysis import words as module
from worker.index.analysis.folding import standardise
from worker.index.analysis.words import MAX_CHARS, dictionary, reading, with_okurigana, words

pytestmark = pytest.mark.unit


def forms(text: str) -> list[str]:
    return [word.form for word in words(standardise(text))]


@pytest.mark.parametrize(
    "spellings",
    [
        ("申し込み", "申込み", "申込", "申し込む", "申し込んだ"),
        ("見積もり", "見積り", "見積"),
        ("引っ越し", "引越し", "引越"),
        ("打ち合わせ", "打合せ", "打合わせ"),
        ("取り扱い", "取扱い", "取扱"),
        ("サーバー", "サーバ", "ｻｰﾊﾞｰ"),
        ("バイオリン", "ヴァイオリン"),
        ("デジタル", "ディジタル"),
        ("インターフェース", "インターフェイス", "インタフェース"),
        ("読む", "読みました", "読んで"),
        ("高橋", "髙橋"),
    ],
)
def test_spellings_and_inflections_are_one_word(spellings: tuple[str, ...]) -> None:
    assert len({tuple(forms(spelling)) for spelling in spellings}) == 1
    assert len(forms(spellings[0])) == 1


def test_words_that_only_relate_others_are_left_out() -> None:
    assert forms("どこに営業部の報告書がありますか。") == ["営業部", "報告書"]
    assert forms("2,500を作成している the of") == ["作成"]


def test_a_compound_has_its_parts_and_readings_and_its_place() -> None:
    text = "この報告書は高橋が書いた"
    first, second, *_ = words(text)
    assert (first.form, first.parts) == ("報告書", ("報告", "書"))
    assert first.readings[:2] == ("ホウコクショ", "ホウコク")
    assert second.readings == ("タカハシ",)
    assert [text[word.start : word.end] for word in (first, second)] == ["報告書", "高橋"]


def test_forms_have_no_blanks_and_are_folded() -> None:
    found = list(words(standardise("ＡＢＣ株式会社のNew York支店と佐々木さんのサーバールーム")))
    assert "佐佐木" in [word.form for word in found]
    assert [form for word in found for form in (word.form, *word.parts) if not form.isalnum()] == ["サーバ"][
        :0
    ]


@pytest.mark.parametrize("text", ["営業の報告です。" * 2_000, "国" * 9_000, "\U0002000b" * 9_000])
def test_texts_beyond_the_limit_of_the_dictionary_are_cut_at_sentence_ends(text: str) -> None:
    found = list(words(text))
    assert all(word.end <= len(text) for word in found)
    assert [word.start for word in found] == sorted({word.start for word in found})
    if text.startswith("営業"):
        assert len(found) == 2 * 2_000
        assert len(text) > 3 * MAX_CHARS


def test_a_reading_is_katakana_of_kana_alone() -> None:
    assert reading("たかはし") == reading("タカハシ") == "タカハシ"
    assert reading("たか はし") == "タカハシ"
    assert reading("高はし") is None


def test_threads_find_the_same_words() -> None:
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(forms("申込みの報告書。" * 50))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [["申し込", "報告書"] * 50] * 4


def test_without_the_dictionary_there_are_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "no-such-dictionary")
    dictionary.cache_clear()
    try:
        assert dictionary() == "none"
        assert forms("営業の報告") == []
    finally:
        monkeypatch.undo()
        dictionary.cache_clear()
    assert dictionary().startswith("sudachidict-core 20")


def test_the_dictionary_is_imported_by_the_first_japanese_text_only() -> None:
    code = (
        "import sys; from worker.index.analysis.streams import VERSION, analyse;"
        "import worker.index.analysis.snippets;"
        "analyse('The annual report of 2024', is_ocr=True); print(VERSION, 'sudachipy' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["2", *dictionary().split(), "False"]


@pytest.mark.parametrize(
    ("text", "spelled_out"),
    [
        ("立入禁止", "立ち入り禁止"),
        ("振込手数料", "振り込み手数料"),
        ("打合せ議事録", "打ち合わせ議事録"),
        ("立ち入り禁止", "立ち入り禁止"),
        ("報告書を読みました", "報告書を読みました"),
        ("report", "report"),
    ],
)
def test_compounds_are_spelled_with_the_kana_that_the_dictionary_has(text: str, spelled_out: str) -> None:
    assert with_okurigana(text) == spelled_out
