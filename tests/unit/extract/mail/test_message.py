"""Mails: what is on their page, and what is attached."""

from __future__ import annotations

import base64
import binascii
import io
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image

from tests.stand_ins.packed_mails import ENVELOPED, SIGNED, block, winmail
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code
from worker.extract.mail.message import open_mail
from worker.extract.page_source import PageSource
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())


def _open(data: bytes, folder: Path) -> PageSource:
    path = folder / "original"
    path.write_bytes(data)
    return open_mail(path, _OPTIONS)


def _text(source: PageSource) -> str:
    (page,) = source.pages
    assert isinstance(page, Page)
    return page.text


def _files(source: PageSource) -> dict[str, bytes]:
    found = {}
    for contained in source.contained:
        with contained.open() as file:
            found[contained.name] = file.read()
    return found


def _mail(text: str = "本文です") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "営業 <a@example.com>", "b@example.com", "見積書の件"
    mail.set_content(text, charset="iso-2022-jp")
    return mail


def test_the_page_has_headers_body_and_names_of_files(tmp_path: Path) -> None:
    mail = _mail()
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="見積書.pdf")
    source = _open(mail.as_bytes(), tmp_path)
    assert _text(source).split("\n") == [
        *("From: 営業 <a@example.com>", "To: b@example.com", "Subject: 見積書の件"),
        *("", "本文です", "", "見積書.pdf"),
    ]
    assert _files(source) == {"見積書.pdf": b"%PDF"}


def test_of_two_forms_of_one_text_the_first_is_kept(tmp_path: Path) -> None:
    mail = _mail("plain text")
    mail.add_alternative("<p>markup <b>text</b></p>", subtype="html")
    assert "plain text" in (text := _text(_open(mail.as_bytes(), tmp_path)))
    assert "markup" not in text


def test_a_mail_in_markup_only_is_read_without_its_tags(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"] = "a@example.com"
    mail.set_content("<p>markup <b>text</b></p><script>no()</script>", subtype="html")
    text = _text(_open(mail.as_bytes(), tmp_path))
    assert "markup text" in text
    assert "no()" not in text


def test_a_charset_that_is_named_wrongly_does_not_matter(tmp_path: Path) -> None:
    head = b"From: a@b.c\nContent-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 8bit\n\n"
    assert "納品日は五月十日です" in _text(_open(head + "納品日は五月十日です".encode("cp932"), tmp_path))


def test_a_mail_in_a_mail_is_a_file_that_is_named_by_its_subject(tmp_path: Path) -> None:
    outer = _mail()
    outer.add_attachment(_mail("inner text"))
    (name, data), *_ = _files(_open(outer.as_bytes(), tmp_path)).items()
    assert name == "見積書の件.eml"
    assert "inner text" in _text(_open(data, tmp_path))


@pytest.mark.parametrize(("size", "count"), [((200, 80), 1), ((40, 40), 0), ((600, 4), 0)])
def test_pictures_within_a_mail_are_files_unless_they_are_ornaments(
    tmp_path: Path, size: tuple[int, int], count: int
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", size).save(picture, "PNG")
    mail = _mail()
    mail.add_related(picture.getvalue(), maintype="image", subtype="png", cid="<x>")
    source = _open(mail.as_bytes(), tmp_path)
    assert len(_files(source)) == count


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB",
        b'Content-Type: multipart/encrypted; boundary="x"\n\n--x\n\nVersion: 1\n--x--\n',
        b"Content-Type: text/plain\n\nhello\n-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----\n",
    ],
)
def test_what_is_encrypted_is_said(tmp_path: Path, body: bytes) -> None:
    source = _open(b"From: a@b.c\n" + body, tmp_path)
    assert source.unread == (Code.ENCRYPTED,)
    assert "abc" not in _text(source)


def test_a_signature_is_no_file_and_the_text_under_it_is_read(tmp_path: Path) -> None:
    data = (
        b'From: a@b.c\nContent-Type: multipart/signed; boundary="x"\n\n--x\nContent-Type: text/plain\n\n'
        b'signed text\n--x\nContent-Type: application/pkcs7-signature; name="smime.p7s"\n\nMIIB\n--x--\n'
    )
    source = _open(data, tmp_path)
    assert "signed text" in _text(source)
    assert _files(source) == {}
    assert source.unread == ()


def test_a_saved_page_is_its_text(tmp_path: Path) -> None:
    data = (
        b"From: <Saved by a browser>\nSnapshot-Content-Location: https://example.com/\nSubject: page\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="x"\n\n--x\nContent-Type: text/html\n'
        b"Content-Transfer-Encoding: quoted-printable\n\n<p>=E7=B4=8D=E5=93=81=E6=9B=B8 D-1182</p>\n--x\n"
        b"Content-Type: text/css\nContent-Location: https://example.com/a.css\n\nb {}\n--x--\n"
    )
    source = _open(data, tmp_path)
    assert "納品書 D-1182" in _text(source)
    assert _files(source) == {}


def test_parts_without_end_are_given_up(tmp_path: Path) -> None:
    mail: bytes = b"Content-Type: text/plain\n\ninnermost"
    for number in range(150):
        boundary = b"b%d" % number
        mail = b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n%s\n--%s--\n" % (
            *(boundary, boundary),
            *(mail, boundary),
        )
    source = _open(b"From: a@b.c\n" + mail, tmp_path)
    assert source.unread == (Code.TOO_DEEP,)


def test_a_mail_in_a_mail_is_one_without_a_sender_too(tmp_path: Path) -> None:
    draft = EmailMessage()
    draft["Subject"] = "draft"
    draft.set_content("draft text")
    outer = _mail()
    outer.add_attachment(draft)
    outer.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    types = {each.name: each.file_type for each in _open(outer.as_bytes(), tmp_path).contained}
    assert types == {"draft.eml": FileType.EML, "a.pdf": None}


@pytest.mark.timeout(20)
def test_headers_that_no_mail_needs_are_cut(tmp_path: Path) -> None:
    head = b'From: a@b.c\nSubject: hello\nContent-Type: text/plain; x="' + b'";"' * 3_000_000 + b"\n\nbody\n"
    text = _text(_open(head, tmp_path))
    assert text.startswith("From: a@b.c\nSubject: hello")
    assert len(text) < 200_000


_HEAD = b"From: a@example.com\nSubject: s\nMIME-Version: 1.0\n"


def _made(*lines: str) -> bytes:
    return _HEAD + "\n".join(lines).encode()


def _base64(data: bytes) -> str:
    return base64.encodebytes(data).decode()


def test_files_of_a_winmail_are_files_of_the_mail(tmp_path: Path) -> None:
    mail = _mail("see below")
    packed = winmail(("見積書.txt", b"estimate"), text=b"see below")
    mail.add_attachment(packed, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    source = _open(mail.as_bytes(), tmp_path)
    assert _files(source) == {"見積書.txt": b"estimate"}
    assert _text(source).count("see below") == 1


def test_a_damaged_winmail_is_a_file_of_its_own(tmp_path: Path) -> None:
    mail = _mail()
    cut = winmail(("a", b"b"))[:30]
    mail.add_attachment(cut, maintype="application", subtype="ms-tnef", filename="w.dat")
    assert list(_files(_open(mail.as_bytes(), tmp_path))) == ["w.dat"]


def test_files_in_uuencode_are_files(tmp_path: Path) -> None:
    data = _HEAD + b"\nbefore\nbegin 644 a.txt\n" + binascii.b2a_uu(b"text") + b"`\nend\nafter\n"
    source = _open(data, tmp_path)
    assert _files(source) == {"a.txt": b"text"}
    assert _text(source).endswith("before\nafter\n\na.txt")


@pytest.mark.parametrize(
    "said", ["application/pkcs7-mime; smime-type=signed-data", "application/octet-stream"]
)
def test_the_text_in_a_signed_block_is_read(tmp_path: Path, said: str) -> None:
    data = block(SIGNED, b"Content-Type: text/plain\r\n\r\nsigned text")
    head = (f"Content-Type: {said}; name=smime.p7m", "Content-Transfer-Encoding: base64", "")
    source = _open(_made(*head, _base64(data)), tmp_path)
    assert "signed text" in _text(source)
    assert (_files(source), source.unread) == ({}, ())


@pytest.mark.parametrize("data", [block(ENVELOPED), b"no block"])
def test_an_encrypted_block_is_named(tmp_path: Path, data: bytes) -> None:
    head = ("Content-Type: application/pkcs7-mime; name=smime.p7m", "Content-Transfer-Encoding: base64", "")
    assert _open(_made(*head, _base64(data)), tmp_path).unread == (Code.ENCRYPTED,)


def test_text_around_an_encrypted_one_is_read(tmp_path: Path) -> None:
    lines = ("", "before", "-----BEGIN PGP MESSAGE-----", "hQEMA", "-----END PGP MESSAGE-----", "after")
    source = _open(_made(*lines), tmp_path)
    assert _text(source).endswith("before\n\nafter")
    assert source.unread == (Code.ENCRYPTED,)


def test_a_report_says_who_did_not_receive_a_mail(tmp_path: Path) -> None:
    head = ("Content-Type: multipart/report; boundary=b", "", "--b", "Content-Type: message/delivery-status")
    status = ("", "Reporting-MTA: dns; x", "", "Final-Recipient: rfc822; lost@example.com", "--b--")
    text = _text(_open(_made(*head, *status), tmp_path))
    assert "Final-Recipient: rfc822; lost@example.com" in text


def test_a_mail_without_its_end_says_so(tmp_path: Path) -> None:
    lines = ("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "text")
    source = _open(_made(*lines), tmp_path)
    assert "text" in _text(source)
    assert source.unread == (Code.CORRUPT,)
    assert _open(_made(*lines, "--b--"), tmp_path).unread == ()


def test_a_mail_of_macos_is_read_without_what_the_program_adds(tmp_path: Path) -> None:
    mail = _made("", "body")
    data = b"%d    \n" % len(mail) + mail + b"\n<?xml version='1.0'?><plist/>"
    assert _text(_open(data, tmp_path)).endswith("body")
