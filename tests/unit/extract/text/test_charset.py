"""Encodings: which one a text is in, and that no other text is taken for Japanese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.extract.text.charset import decode
from worker.extract.text.normalise import clean

pytestmark = pytest.mark.unit

_ASCII_LINES = "id,name,amount\n" * 1400


_JAPANESE = (
    "営業報告書",
    "これは日本語のテキストです。",
    "ライセンス",
    "2024年3月5日",
    "A社 契約書（甲）",
    "お世話になっております",
    "東京都千代田区丸の内",
    "株式会社サンプル",
    "見積金額：￥１２３，０００",
    "平成三十年度決算短信",
    "山田太郎様",
    "表示・設定",
    "ソフトウェア能力",
    "予定表（構造図）",
    "漢字とカナとｶﾅと英語ABC",
    "ｶﾌﾞｼｷｶﾞｲｼｬ",
    "ﾌﾘｺﾐ ﾔﾏﾀﾞﾀﾛｳ 1000",
    "㈱髙島屋①号店",
    "“引用”…―～",
    "価格は±５％",
    "■概要について",
    "→次へ進む",
    "〒100-0001 東京都",
    "１２３４５６７８９０",
    "品名\t数量\t単価\n鉛筆\t10\t50",
    "日本語 English mixed テキスト with words",
    "国会図書館の丂丄丅",
    "1. はじめに\r\n2. おわりに\r\n",
    "Java、Javascript、.Net",
    "ご請求申し上げます。",
    "電子化し、十月から検索で",
    "時三十分まで場所本社第二",
)
_ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
    *("cp932", "shift_jis", "euc_jp", "euc_jis_2004"),
    *("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext"),
)


def _can(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


_TABLE = [(text, encoding) for text in _JAPANESE for encoding in _ENCODINGS if _can(text, encoding)]


def test_the_table_has_hundreds_of_cases() -> None:
    assert len(_TABLE) > 400
    assert {encoding for _, encoding in _TABLE} == set(_ENCODINGS)


@pytest.mark.parametrize("before", ["", _ASCII_LINES], ids=["short", "after 20 KB of ASCII"])
@pytest.mark.parametrize(("text", "encoding"), _TABLE)
def test_japanese_is_read_in_every_encoding(text: str, encoding: str, before: str) -> None:
    assert decode((before + text).encode(encoding)).removeprefix("\ufeff") == before + text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("①㈱髙島屋の請求書です", "cp932"),
        ("①番の資料を添付します", "euc_jis_2004"),
        ("ﾌﾘｺﾐ ﾔﾏﾀﾞﾀﾛｳ 1000", "cp932"),
        ("計画", "utf-32-le"),
        ("計画", "utf-32-be"),
    ],
)
def test_rarer_japanese_is_read_too(text: str, encoding: str) -> None:
    assert decode((text + "\n").encode(encoding)).removeprefix("\ufeff") == text + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "été",
        "Müller GmbH, Größe 5",
        "El niño está en España",
        "naïve résumé of the señor, façade, über alles",
        "don’t – “quoted”, it’s 25°C, £100 ©",
        "GRÖßE ÄÖÜ",
        "It was 25°C, or 77°F.",
        "Ærø, Ålesund, Øre",
        "smörgåsbord",
        "¿Qué?",
        "É",
        "§ 5 Abs. 2",
        "São Paulo – Ação",
        "Þórður",
        "x² + y² = z²",
        "«Où?»",
        "señor;año;niño",
        "DÉJÀ VU",
        "PROCÈS-VERBAL D'ASSEMBLÉE GÉNÉRALE",
        "ÜBERSICHT ÄNDERUNGEN",
        "Größenänderungsgerät",
    ],
)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("before", ["", _ASCII_LINES], ids=["short", "after 20 KB of ASCII"])
def test_western_text_is_not_taken_for_japanese(text: str, encoding: str, before: str) -> None:
    if _can(text, encoding):
        assert decode((before + text).encode(encoding)) == before + text


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        ("表", "cp932", "Shift_JIS"),
        ("①", "cp932", "shift-jis"),
        ("丂", "euc_jp", "x-euc-jp"),
        ("日本語", "utf-8", "Shift_JIS"),
        ("日本語です", "cp932", "utf-8"),
        ("日本語です", "cp932", "iso-8859-1"),
        ("日本語です", "cp932", "no-such-thing"),
        ("日本語です", "cp932", "base64"),
        ("简体中文", "gb18030", "gb2312"),
        ("Ελληνικά", "iso8859-7", "ISO-8859-7"),
    ],
)
def test_a_declaration_is_accepted_where_the_bytes_allow_it(text: str, encoding: str, declared: str) -> None:
    assert decode(f"<p>{text}</p>".encode(encoding), declared) == f"<p>{text}</p>"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет мир, это проверка кодировки текста.", "cp1251"),
        ("все они знали, и она знала нас, но не всё.", "cp1251"),
        ("Zażółć gęślą jaźń, proszę bardzo", "cp1250"),
    ],
)
def test_other_code_pages_are_not_taken_for_western_ones(text: str, encoding: str) -> None:
    assert decode((text + "\n").encode(encoding)) == text + "\n"


def test_a_stray_byte_does_not_change_the_encoding_of_a_long_log() -> None:
    log = "起動しました。処理を開始します。\n" * 20

    assert decode(log.encode() + b"\xff\n") == log + "\ufffd\n"


def test_a_truncated_last_character_does_not_matter() -> None:
    assert decode("営業報告書".encode()[:-1]) == "営業報告\ufffd"


@pytest.mark.parametrize("older", ["cp932", "euc_jp"])
@pytest.mark.parametrize(("first", "others"), [(40, 1), (20, 20), (1, 40)])
def test_lines_of_two_encodings_are_each_read_in_theirs(older: str, first: int, others: int) -> None:
    utf8, other = "10:00 起動しました\n" * first, "10:01 エラー: 報告書.xlsx が見つかりません\n" * others

    assert decode(utf8.encode() + other.encode(older)) == utf8 + other


def test_zero_bytes_that_a_crash_left_in_a_log_are_no_text() -> None:
    before, after = "起動しました。\n", "再起動しました。\n"

    assert (
        clean(decode(before.encode("cp932") + bytes(4096) + after.encode("cp932")))
        == (before + after).strip()
    )


def test_bytes_of_no_encoding_are_no_error() -> None:
    assert isinstance(decode(bytes(range(256))), str)


@given(st.text())
def test_every_utf8_text_without_nul_is_decoded(text: str) -> None:
    if not text.isascii() and "\0" not in text:
        assert decode(text.encode()) == text.removeprefix("\ufeff")


@given(st.binary(max_size=300))
def test_nothing_is_raised_for_invalid_data(data: bytes) -> None:
    assert "\0" not in clean(decode(data))
