"""Plain text files as pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.read_options import ReadOptions
from worker.extract.text.plain import open_text
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _page(path: Path, options: ReadOptions = _OPTIONS) -> Page:
    (page,) = open_text(path, options).pages
    assert isinstance(page, Page)
    return page


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
    ("json", "text"),
    [
        (r'{"name": "\u5c71\u7530", "kanji": "\ud842\uDFB7"}', '{"name": "山田", "kanji": "𠮷"}'),
        (r'[{"a": "\u0022 \n \\u5c71 \u5C71"}]', r'[{"a": "\u0022 \n \\u5c71 山"}]'),
        (r'{"a": "\u5c71\u000a\u7530"}', r'{"a": "山\u000a田"}'),
        (r'{"half": "\ud842"}', '{"half": "\ufffd"}'),
        ('{"level": "info"}\n{"m": "\\u8d77\\u52d5"}', '{"level": "info"}\n{"m": "起動"}'),
        (r"C:\u5c71", r"C:\u5c71"),
    ],
)
def test_escapes_of_json_become_characters(tmp_path: Path, json: str, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json)

    assert _page(path).text == text


def test_terminal_escapes_are_removed(tmp_path: Path) -> None:
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
