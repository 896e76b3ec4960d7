"""The names of those who signed a PDF."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.stand_ins.made_pdfs import raw_pdf
from tests.stand_ins.made_signatures import certificate_of, signature_of
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code
from worker.extract.page_source import PageSource
from worker.extract.pdf.document import open_pdf
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())


def _signature(message: bytes = b"", entries: bytes = b"") -> bytes:
    contents = b"/Contents<%s>" % message.hex().encode() if message else b""
    return b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange[0 1 2 3]%s%s>>" % (
        contents,
        entries,
    )


def _open(folder: Path, *signatures: bytes) -> PageSource:
    fields = b"".join(b"%d 0 R " % (number * 2 + 10) for number in range(len(signatures)))
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[%s]>>>>" % fields,
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
    }
    for number, signature in enumerate(signatures):
        at = number * 2 + 10
        objects[at] = b"<</FT/Sig/T(s%d)/V %d 0 R>>" % (number, at + 1)
        objects[at + 1] = signature
    return open_pdf(raw_pdf(folder, objects), _OPTIONS)


def _last_text(source: PageSource) -> str:
    page = list(source.pages)[-1]
    assert isinstance(page, Page)
    return page.text


def test_names_are_a_page_behind_the_others(tmp_path: Path) -> None:
    name = "佐藤 花子".encode("utf-16-be").hex().encode()
    signatures = (
        _signature(signature_of("山田 太郎", "東京商会")),
        _signature(signature_of("Certificate"), b"/Name<feff%s>" % name),
        _signature(entries=b"/Name(Ann)"),
        _signature(entries=b"/Name(Ann)"),
    )
    source = _open(tmp_path, *signatures)
    assert (source.page_count, source.unread) == (2, ())
    assert _last_text(source).split("\n") == ["山田 太郎", "東京商会", "佐藤 花子", "Ann"]


def test_the_certificate_may_be_beside_the_signature(tmp_path: Path) -> None:
    certificate = certificate_of("山田 太郎")[0].public_bytes(Encoding.DER).hex().encode()
    for entry in (b"/Cert<%s>", b"/Cert[<%s><00>]"):
        assert _last_text(_open(tmp_path, _signature(b"no CMS", entry % certificate))) == "山田 太郎"


@pytest.mark.parametrize("message", [b"", b"no CMS", b"\x30\x80"])
def test_a_signature_without_a_name_is_named(tmp_path: Path, message: bytes) -> None:
    source = _open(tmp_path, _signature(message))
    assert (source.page_count, source.unread) == (1, (Code.SIGNATURE,))


def test_time_stamps_and_fields_that_nobody_signed_have_no_signers(tmp_path: Path) -> None:
    stamp = _signature(signature_of("Time Authority")).replace(b"/Type/Sig", b"/Type/DocTimeStamp")
    source = _open(tmp_path, stamp, b"<</Type/Sig>>", b"null")
    assert (source.page_count, source.unread) == (1, ())


def test_fields_that_contain_themselves_end(tmp_path: Path) -> None:
    path = raw_pdf(
        tmp_path,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[4 0 R 5 0 R]>>>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            4: b"<</FT/Sig/T(a)/Kids[4 0 R]>>",
            5: b"<</FT/Sig/T(b)/V 6 0 R>>",
            6: _signature(entries=b"/Name(Ann)"),
        },
    )
    assert _last_text(open_pdf(path, _OPTIONS)) == "Ann"
