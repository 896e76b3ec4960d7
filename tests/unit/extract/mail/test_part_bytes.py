"""Bytes of parts whose encoding or borders are not as they are said to be."""

from __future__ import annotations

import base64
import email
import email.policy
from email.message import Message

import pytest

from worker.extract.mail.part_bytes import beside_parts, inner_mail, payload, repair_parts

pytestmark = pytest.mark.unit


def _part(*lines: str) -> Message:
    return email.message_from_bytes("\n".join(lines).encode(), policy=email.policy.compat32)


def test_what_is_said_to_be_base64_and_is_not_is_text() -> None:
    said = "Content-Transfer-Encoding: base64"
    text = "This is plain, after all: 注文書."
    assert payload(_part(said, "", text)).decode() == text
    encoded = base64.encodebytes(bytes(1_000)).decode()
    assert payload(_part(said, "", *(f"  {line}" for line in encoded.split()))) == bytes(1_000)


def test_parts_are_found_without_what_stands_between_them() -> None:
    lines = ("", "--b", "Content-Type: text/plain", "", "one", "--b--")
    for said in ("multipart/mixed", "multipart/mixed; boundary=other"):
        found = repair_parts(_part(f"Content-Type: {said}", *lines))
        assert found is not None
        assert [str(child.get_payload()).strip() for child in found.get_payload()] == ["one"]  # type: ignore[union-attr]
    assert repair_parts(_part("Content-Type: multipart/mixed", "", "--b", "a text", "--b--")) is None


def test_text_beside_the_parts_is_kept_but_for_the_notice_of_programs() -> None:
    for before, kept in (("from a scanner", "from a scanner"), ("This is a message in MIME format.", "")):
        part = _part(
            "Content-Type: multipart/mixed; boundary=b", "", before, "--b", "", "in", "--b--", "署名"
        )
        assert beside_parts(part) == (kept, "署名")


def test_a_mail_that_is_encoded_as_a_whole_is_decoded() -> None:
    inner = "Subject: inner\n\nbody\n"
    encoded = base64.encodebytes(inner.encode()).decode()
    said = ("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "")
    mail, data = inner_mail(_part(*said, encoded))
    assert (mail["Subject"], data()) == ("inner", inner.encode())
    mail, data = inner_mail(_part(*said, *inner.split("\n")))
    assert (mail["Subject"], data()) == ("inner", inner.encode())
