"""Files in uuencode within a text."""

from __future__ import annotations

import binascii

import pytest

from worker.extract.mail.uuencode import split_uuencoded

pytestmark = pytest.mark.unit

_DATA = bytes(range(256)) * 2


def _block(end: bytes = b"\n", last: bytes = b"`") -> bytes:
    lines = [binascii.b2a_uu(_DATA[at : at + 45]).rstrip(b"\n") for at in range(0, len(_DATA), 45)]
    return end.join([b"begin 644 a b.bin", *lines, last, b"end", b""])


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"`", b" ", b""])
def test_a_file_is_taken_out_of_the_text(end: bytes, last: bytes) -> None:
    text, files = split_uuencoded(b"before" + end + _block(end, last) + b"after")
    assert text == b"before" + end + b"after"
    assert [(file.name, file.data) for file in files] == [(b"a b.bin", _DATA)]


def test_a_line_without_its_last_blanks_is_read() -> None:
    line = binascii.b2a_uu(b"abc\0\0\0", backtick=False).rstrip()
    _, (file,) = split_uuencoded(b"begin 644 a\n" + line + b"\n`\nend\n")
    assert file.data == b"abc\0\0\0"


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 the work\nand end it\n",
        b"we begin 644 a\n",
        b"begin 644 a\n#86)C\n",
        b"begin 644 a\n" + b"#86)C\n" * 50_000,
    ],
)
def test_a_text_that_has_none_stays(text: bytes) -> None:
    assert split_uuencoded(text) == (text, [])
