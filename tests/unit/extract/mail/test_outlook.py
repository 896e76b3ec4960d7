"""Mails of Outlook."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.mail.outlook import open_msg
from worker.extract.page_source import PageSource
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_OPTIONS = read_options(Settings())
# 30 November 2026, 10:00 UTC in steps of 100 ns since 1601.
_SENT = struct.pack("<IIQ", 0x0039_0040, 6, 134_405_064_000_000_000)
_PROPERTIES = {"__properties_version1.0": bytes(32) + _SENT}


def _wide(tag: str, text: str, folder: str = "") -> dict[str, bytes]:
    return {f"{folder}__substg1.0_{tag}001F": text.encode("utf-16-le")}


_MAIL = (
    _PROPERTIES
    | _wide("0037", "見積書の件")
    | _wide("0C1A", "営業 一郎")
    | _wide("5D01", "a@example.com")
    | _wide("0E04", "b@example.com")
    | _wide("1000", "御見積をお送りします")
)
_ATTACHMENT = "__attach_version1.0_#00000000/"


def _text(source: PageSource) -> str:
    (page,) = source.pages
    assert isinstance(page, Page)
    return page.text


def test_the_page_has_headers_body_and_names_of_files(tmp_path: Path, write_ole: WriteOle) -> None:
    attached = _wide("3707", "見積書.txt", _ATTACHMENT) | {f"{_ATTACHMENT}__substg1.0_37010102": b"attached"}
    path = write_ole(tmp_path / "original", _MAIL | attached)
    assert detect_file_type(path, "a.msg") is FileType.MSG
    source = open_msg(path, _OPTIONS)
    assert _text(source).split("\n") == [
        *("From: 営業 一郎 <a@example.com>", "To: b@example.com"),
        *("Date: Mon, 30 Nov 2026 10:00:00 +0000", "Subject: 見積書の件"),
        *("", "御見積をお送りします", "", "見積書.txt"),
    ]
    (contained,) = source.contained
    assert contained.open().read().rstrip(b"\0") == b"attached"


def test_a_body_in_markup_is_read_where_there_is_no_other(tmp_path: Path, write_ole: WriteOle) -> None:
    html = "<meta charset=utf-8><p>納品書 <b>D-1182</b></p>".encode()
    path = write_ole(tmp_path / "original", _PROPERTIES | {"__substg1.0_10130102": html})
    assert "納品書 D-1182" in _text(open_msg(path, _OPTIONS))


def test_older_mails_have_their_text_in_a_code_page(tmp_path: Path, write_ole: WriteOle) -> None:
    text = "納品日は五月十日です".encode("cp932")
    path = write_ole(tmp_path / "original", _PROPERTIES | {"__substg1.0_1000001E": text})
    assert "納品日は五月十日です" in _text(open_msg(path, _OPTIONS))


def test_what_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(RejectedError) as caught:
        open_msg(path, _OPTIONS)
    assert caught.value.code is Code.CORRUPT
