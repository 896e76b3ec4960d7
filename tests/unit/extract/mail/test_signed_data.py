"""Blocks of S/MIME: what is signed in them, and which are encrypted."""

from __future__ import annotations

import pytest

from tests.stand_ins.packed_mails import ENVELOPED, SIGNED, block
from worker.extract.mail.signed_data import read_signed_data

pytestmark = pytest.mark.unit

_TEXT = b"Content-Type: text/plain\r\n\r\nsigned " + b"x" * 300


@pytest.mark.parametrize("is_in_pieces", [False, True])
def test_what_is_signed_is_found(is_in_pieces: bool) -> None:
    found = read_signed_data(block(SIGNED, _TEXT, is_in_pieces=is_in_pieces))
    assert (found.content, found.is_encrypted) == (_TEXT, False)


def test_certificates_alone_have_no_content() -> None:
    found = read_signed_data(block(SIGNED))
    assert (found.content, found.is_encrypted) == (None, False)


def test_an_encrypted_block_says_so() -> None:
    assert read_signed_data(block(ENVELOPED)).is_encrypted


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"text that is none",
        block(SIGNED, _TEXT)[:20],
        block("2a864886f70d010706", _TEXT),
        b"\x30\x80" * 100_000,
        b"\x30\x80" + b"\x30\x00" * 10,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"block|unpack"):
        read_signed_data(data)
