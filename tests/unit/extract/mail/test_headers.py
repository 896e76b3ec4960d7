"""Headers of mails in all the ways in which they are written."""

from __future__ import annotations

import base64
import email
import email.policy
from email.message import Message

import pytest

from worker.extract.mail.headers import decode_header, file_name, header_addresses, header_text

pytestmark = pytest.mark.unit


def _word(text: str, charset: str) -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def _message(head: bytes) -> email.message.Message:
    return email.message_from_bytes(head + b"\n\nbody", policy=email.policy.compat32)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", "plain"),
        (_word("見積書の件", "ISO-2022-JP"), "見積書の件"),
        (_word("見積書の件", "Shift_JIS") + "\r\n " + _word("について", "Shift_JIS"), "見積書の件について"),
        ("=?utf-8?q?Gru=C3=9F_an_alle?= <a@b.c>", "Gruß an alle <a@b.c>"),
        ("Re: " + _word("会議", "utf-8") + " (2)", "Re: 会議 (2)"),
        ("=?x-unknown?B?44GC?=", "あ"),
        ("=?utf-8?B?QUJ?= broken", "AB broken"),
    ],
)
def test_encoded_words_become_text(raw: str, expected: str) -> None:
    assert decode_header(raw) == expected


def test_a_character_may_be_split_between_two_words() -> None:
    data = "営業".encode()
    words = [f"=?utf-8?B?{base64.b64encode(part).decode()}?=" for part in (data[:4], data[4:])]
    assert decode_header(" ".join(words)) == "営業"


@pytest.mark.parametrize("charset", ["cp932", "utf-8", "iso-2022-jp"])
def test_headers_in_raw_bytes_are_read(charset: str) -> None:
    message = _message("Subject: 請求書をお送りします".encode(charset))
    assert header_text(message, "subject") == "請求書をお送りします"


@pytest.mark.parametrize(
    "parameter",
    [
        b"filename*=utf-8''%E8%A6%8B%E7%A9%8D%E6%9B%B8.pdf",
        b"filename*0*=utf-8''%E8%A6%8B%E7%A9%8D; filename*1*=%E6%9B%B8.pdf",
        b'filename="=?utf-8?B?6KaL56mN5pu4LnBkZg==?="',
        b'filename="' + "見積書.pdf".encode("cp932") + b'"',
        b'filename="' + "見積書.pdf".encode() + b'"',
    ],
)
def test_names_of_attached_files_are_read_however_they_are_written(parameter: bytes) -> None:
    assert file_name(_message(b"Content-Disposition: attachment; " + parameter)) == "見積書.pdf"


def test_a_part_may_have_its_name_in_its_type_or_none() -> None:
    assert file_name(_message(b'Content-Type: application/pdf; name="a.pdf"')) == "a.pdf"
    assert file_name(_message(b"Content-Type: text/plain")) == ""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'"Tanaka, Taro" <a@b.c>, d@e.f', ("Tanaka, Taro <a@b.c>", "d@e.f")),
        ("田中; 佐藤 <s@e.f>;".encode(), ("田中", "佐藤 <s@e.f>")),
        ("田中 <a@b.c>, 佐藤 <s@e.f>".encode("iso-2022-jp"), ("田中 <a@b.c>", "佐藤 <s@e.f>")),
        (_word("田中, 太郎", "utf-8").encode() + b" <a@b.c>,,", ("田中, 太郎 <a@b.c>",)),
        (b'"never closed, <a@b.c>', ("never closed, <a@b.c>",)),
        (b"undisclosed-recipients:;", ("undisclosed-recipients:",)),
        (b"", ()),
    ],
)
def test_addresses_are_split_where_no_name_has_the_comma(raw: bytes, expected: tuple[str, ...]) -> None:
    assert header_addresses(_message(b"To: " + raw), "To", most=9) == expected


def test_so_many_addresses_are_taken() -> None:
    assert header_addresses(_message(b"To: a, b, c"), "To", most=2) == ("a", "b")


def test_a_name_in_octets_is_read_in_its_encoding_also_where_none_is_said() -> None:
    octets = "".join(f"%{byte:02X}" for byte in "見積書一覧表.pdf".encode("cp932"))
    for charset in ("Shift_JIS", "", "x-unknown"):
        part = Message()
        part["Content-Disposition"] = f"attachment; filename*={charset}''{octets}"
        assert file_name(part) == "見積書一覧表.pdf"
