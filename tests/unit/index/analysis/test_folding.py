"""What a search takes for the same, and where each folded character was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.index.analysis.folding import fold, fold_text, standardise

pytestmark = pytest.mark.unit

# What the rules are about, close together.
ALPHABET = (
    "サーバコヒンァィヴェヵヶッャｰ・･·-－‐―~〜かﾊﾞ゛゙゚々〻ゝゞヽヾ人髙⾼⻑㈱㍿株()（）数"
    "1２3aAéǺ̈ß \n\t　\u200b\u00adㅎㅏㄴ한\u11abקُ"
)
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=12) | st.text(max_size=12)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ ｱｲｳ Straße", "abc アイウ strasse"),
        ("ｶﾞｽ ﾎﾟﾝﾌﾟ か\u3099", "ガス ポンプが"),
        ("Café Ångström ﬁne Łódź résume\u0301", "cafe angstrom fine lodz resume"),
        ("Ёлка Йод ΐ", "ёлка йод ΐ"),
        ("\u1112\u1161\u11ab 한 ㅎㅏ", "한한하"),
        ("営\u200b業\u00ad\ufe0f", "営業"),
        ("\ud842\udf9f", "𠮟"),
        ("\ud842", "\ufffd"),
    ],
)
def test_width_case_accents_and_invisible_characters_make_no_difference(text: str, folded: str) -> None:
    assert fold_text(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("⾧⻑社⻄⽇本⿈⾊⻘⼭", "長長社西日本黄色青山"),
        ("髙橋、渡邉、渡邊、齋藤、齊藤、斉藤", "高橋、渡辺、渡辺、斎藤、斎藤、斎藤"),
        ("﨑山、澤田、國井、濵田、冨岡、嶋", "崎山、沢田、国井、浜田、富岡、島"),
        ("會社、經濟、變更、契約、書籍", "会社、経済、変更、契約、書籍"),
        ("𠮷野家と吉野家", "吉野家と吉野家"),
        (
            "㈱青葉商事、㍿青葉、（株）青葉、( 株 )青葉",
            "株式会社青葉商事、株式会社青葉、株式会社青葉、株式会社青葉",
        ),
        ("㈲青葉、青葉(有)", "有限会社青葉、青葉有限会社"),
        ("所有株式数(株) 100(株)", "所有株式数(株) 100(株)"),
    ],
)
def test_radicals_old_forms_name_kanji_and_kinds_of_company_are_one(text: str, folded: str) -> None:
    assert fold_text(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("サーバー、サーバ、ｻｰﾊﾞｰ", "サーバ、サーバ、サーバ"),
        ("コンピューター、ユーザー、メーカー", "コンピュータ、ユーザ、メーカ"),
        ("カバー、キー、シャワー、ルビー", "カバー、キー、シャワー、ルビー"),
        ("サーバーの、サーバールーム", "サーバの、サーバールーム"),
        ("サーーバ、サ－バ、サ―バ", "サーバ、サーバ、サーバ"),
        ("AB－１２－３４５６ AB-99ー1 ＡＢ―７７―２ a−b a‐b a–b", "ab-12-3456 ab-99-1 ab-77-2 a-b a-b a-b"),
        ("コカ・コーラ、ｱｲｽ･ｷｭｰﾌﾞ、東京・大阪", "コカコーラ、アイスキューブ、東京・大阪"),
        ("ヴァイオリン、ヴィラ、ヴ、ウィルス、霞ヶ関", "バイオリン、ビラ、ブ、ウイルス、霞ケ関"),
        ("人々、佐々木、部分々々、々", "人人、佐佐木、部分部分、々"),
        ("いすゞ、こゝろ、づゝ、バナヽ、ゞ", "いすず、こころ、づつ、バナナ、ゞ"),
    ],
)
def test_long_marks_dashes_dots_and_iteration_marks_fold_in_their_context(text: str, folded: str) -> None:
    assert fold_text(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("営 業\n報　告", "営業報告"),
        ("サー\nバー の", "サーバの"),
        ("コ ン ピ ュ ー タ", "コンピュータ"),
        ("コンピューター カバー", "コンピュータ カバー"),
        ("the lake\nis", "the lake\nis"),
        ("契約 2024 年", "契約 2024 年"),
    ],
)
def test_white_space_of_layout_goes_and_that_between_words_stays(text: str, folded: str) -> None:
    assert fold_text(text) == folded


def test_a_dictionary_gets_words_as_they_are_written() -> None:
    assert standardise("髙橋と佐々木の㈱サーバー") == "高橋と佐々木の株式会社サーバー"
    assert standardise("営 業 報 告 と東京") == "営業報告 と東京"
    assert standardise("氏 名 欄 高橋 太郎") == "氏名欄 高橋 太郎"
    prose = "令和六年度の事業計画は次のとおりで、営業部が報\n告する。"
    assert standardise(prose) == prose.replace("\n", "")
    assert standardise("氏名\n高橋") == "氏名\n高橋"


@given(TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold_text(text)
    assert fold_text(once) == once


@given(TEXTS)
def test_the_map_is_of_the_same_text_and_in_its_order(text: str) -> None:
    folded = fold(text)
    assert folded.text == fold_text(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)
    assert list(folded.ends) == sorted(folded.ends)


@pytest.mark.parametrize(
    ("text", "part", "original"),
    [
        ("㈱青葉", "会社", "㈱"),
        ("㈱青葉", "会社青", "㈱青"),
        ("東西(株)", "株式会社", "(株)"),
        ("ｺｶ･ｺｰﾗと", "コカコーラ", "ｺｶ･ｺｰﾗ"),
        ("ｶﾞｽ代", "ガス", "ｶﾞｽ"),
        ("サーバー室", "サーバ", "サーバー"),
        ("佐々木", "佐木", "々木"),
        ("営 業\n報 告", "業報", "業\n報"),
        ("a\u200bb", "ab", "a\u200bb"),
        ("Cafe\u0301!", "cafe", "Cafe\u0301"),
        ("ヴァイオリン", "バイ", "ヴァイ"),
    ],
)
def test_a_folded_part_leads_to_what_was_written(text: str, part: str, original: str) -> None:
    folded = fold(text)
    start = folded.text.index(part)
    first, last = folded.original(start, start + len(part))
    assert text[first:last] == original
