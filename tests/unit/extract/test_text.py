"""Plain text: which encoding it is in, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.config import Settings
from worker.errors import Code, OCRError, RejectedError
from worker.extract.text import clean, decode, is_text, language_of_text, open_text
from worker.models import Page, TextSource
from worker.read_options import ReadOptions

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=Settings().limits, languages=("jpn", "eng"), dpi=200)
_ASCII_LINES = "id,name,amount\n" * 1400


def _page(path: Path, options: ReadOptions = _OPTIONS) -> Page:
    (page,) = open_text(path, options).pages
    assert isinstance(page, Page)
    return page


@pytest.mark.parametrize(
    "encoding",
    ["cp932", "euc_jp", "iso2022_jp", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
@pytest.mark.parametrize("before", ["", _ASCII_LINES], ids=["short", "after 20 KB of ASCII"])
@pytest.mark.parametrize(
    "text",
    [
        "営業報告書\n",
        "これは日本語のテキストです。\n",
        "ライセンス\n",
        "2024年3月5日\n",
        "A社 契約書（甲）\n",
    ],
)
def test_japanese_is_read_in_every_encoding(encoding: str, before: str, text: str) -> None:
    assert decode((before + text).encode(encoding)) == before + text


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
    ],
)
def test_western_text_is_not_taken_for_japanese(text: str) -> None:
    assert decode((text + "\n").encode("cp1252")) == text + "\n"


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


def test_one_wrong_byte_does_not_make_a_long_log_something_else() -> None:
    log = "起動しました。処理を開始します。\n" * 20

    assert decode(log.encode() + b"\xff\n") == log + "\ufffd\n"


def test_a_last_character_cut_in_two_does_not_matter() -> None:
    assert decode("営業報告書".encode()[:-1]) == "営業報告\ufffd"


def test_bytes_of_no_encoding_are_no_error() -> None:
    assert isinstance(decode(bytes(range(256))), str)


@given(st.text())
def test_every_utf8_text_without_nul_comes_back(text: str) -> None:
    if not text.isascii() and "\0" not in text:
        assert decode(text.encode()) == text.removeprefix("\ufeff")


@given(st.binary(max_size=300))
def test_nothing_is_raised_on_rubbish(data: bytes) -> None:
    is_text(data)
    clean(decode(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"words\n", True),
        (b"\x1b[31mred\x1b[0m\n", True),
        ("日本語。".encode("cp932"), True),
        ("a日本語。".encode("utf-8-sig"), True),
        (b"", False),
        (bytes(100), False),
        (bytes(range(256)), False),
        (b"\x7fELF\x02\x01\x01" + bytes(57), False),
    ],
)
def test_text_is_told_from_binary_data(data: bytes, expected: bool) -> None:
    assert is_text(data) is expected


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


def test_a_file_is_one_page_of_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("全文検索の技術\r\nライセンス\r\n".encode("cp932"))

    source = open_text(path, _OPTIONS)

    assert source.page_count == 1
    assert list(source.pages) == [
        Page(number=1, text="全文検索の技術\nライセンス", source=TextSource.FILE, language="jpn")
    ]
    assert source.preview() is None


def test_entities_of_xml_stay_as_they_are_written(tmp_path: Path) -> None:
    xml = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n<a>&x;</a>'
    path = tmp_path / "a.xml"
    path.write_text(xml)

    assert _page(path).text == xml


def test_text_over_the_limit_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("日本語" * 100, encoding="utf-8")
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=4))

    page = _page(path, options)

    assert (page.text, page.reason) == ("日本語日", Code.TOO_LARGE)


def test_text_of_just_the_limit_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "fits.txt"
    path.write_text("日本語日", encoding="utf-8")
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=4))

    page = _page(path, options)

    assert (page.text, page.reason) == ("日本語日", None)


def test_an_empty_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.touch()

    with pytest.raises(RejectedError) as caught:
        open_text(path, _OPTIONS)

    assert caught.value.code is Code.EMPTY


def test_a_page_of_text_cannot_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")

    with pytest.raises(OCRError):
        open_text(path, _OPTIONS).render(1, tmp_path)
