"""Encodings whose bytes are ASCII are read as the mail says."""

from __future__ import annotations

import pytest

from worker.extract.mail.charsets import decode_declared

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("declared", "codec", "text"),
    [
        ("UTF-7", "utf-7", "議事録"),
        ("unicode-1-1-utf-7", "utf-7", "議事録"),
        ("hz-gb-2312", "hz", "会议"),
        ("iso-2022-kr", "iso2022_kr", "회의"),
    ],
)
def test_text_in_seven_bits_is_read(declared: str, codec: str, text: str) -> None:
    assert decode_declared(text.encode(codec), declared) == text


def test_a_wrong_declaration_costs_nothing() -> None:
    assert decode_declared("議事録です".encode("cp932"), "utf-7") == "議事録です"
    assert decode_declared(b"a +x- b", "utf-7") == "a +x- b"
    assert decode_declared("議事録です".encode(), "x-nothing") == "議事録です"
