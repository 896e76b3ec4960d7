"""Plain text: what is kept of it."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from worker.config import Settings
from worker.errors import Code, OCRError, RejectedError
from worker.extract.text import clean, language_of_text, open_text
from worker.models import Page, TextSource
from worker.read_options import ReadOptions

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=Settings().limits, languages=("jpn", "eng"), dpi=200)


def _page(path: Path, options: ReadOptions = _OPTIONS) -> Page:
    (page,) = open_text(path, options).pages
    assert isinstance(page, Page)
    return page


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


def test_a_file_is_one_page_of_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("全文検索の技術\r\nライセンス\r\n".encode("cp932"))

    source = open_text(path, _OPTIONS)

    assert source.page_count == 1
    assert list(source.pages) == [
        Page(number=1, text="全文検索の技術\nライセンス", source=TextSource.FILE, language="jpn")
    ]
    assert source.preview() is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'{"name": "\u5c71\u7530", "kanji": "\ud842\uDFB7"}', '{"name": "山田", "kanji": "𠮷"}'),
        (r'[{"a": "\u0022 \n \\u5c71 \u5C71"}]', r'[{"a": "\u0022 \n \\u5c71 山"}]'),
        (r'{"a": "\u5c71\u000a\u7530"}', r'{"a": "山\u000a田"}'),
        (r'{"half": "\ud842"}', '{"half": "\ufffd"}'),
        ('{"level": "info"}\n{"m": "\\u8d77\\u52d5"}', '{"level": "info"}\n{"m": "起動"}'),
        (r"C:\u5c71", r"C:\u5c71"),
    ],
)
def test_characters_that_json_writes_as_numbers_are_themselves(
    tmp_path: Path, written: str, read: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(written)

    assert _page(path).text == read


def test_the_colours_of_a_terminal_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("\x1b[32mINFO\x1b[0m 起動\x1b[K\n\x1b[1;31mERROR\x1b[m 失敗")

    assert _page(path).text == "INFO 起動\nERROR 失敗"


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
