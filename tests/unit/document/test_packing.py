"""The stored form of extractions, as earlier versions read and wrote it."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from random import Random

import pytest

from worker.document.packing import (
    pack,
    pack_extraction,
    pack_pages,
    unpack,
    unpack_extraction,
)
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.mail_fields import MailFields
from worker.models.metadata import Properties
from worker.models.page import Page, TextSource
from worker.models.unread import Unread

pytestmark = pytest.mark.unit

PAGES = tuple(
    Page(number=number, text=f"営業報告書 {number} \udc80", source=TextSource.OCR, words='[["a",1,2,3,4,99]]')
    for number in (1, 2)
)


def _extraction(pages: tuple[Page, ...] = PAGES) -> Extraction:
    return Extraction(
        file_type=FileType.PDF, pages=pages, reason="timeout", picture=b"jpeg", thumbnail=b"webp"
    )


@pytest.mark.parametrize("pages", [(), PAGES[:1], PAGES])
def test_an_extraction_comes_back(pages: tuple[Page, ...]) -> None:
    found, has_thumbnail = unpack_extraction(b"".join(pack_extraction(_extraction(pages))))
    assert (found.pages, found.reason, found.picture, has_thumbnail) == (pages, "timeout", b"jpeg", True)


def test_it_is_one_json_object_as_earlier_versions_wrote_it() -> None:
    written = gzip.decompress(b"".join(pack_extraction(_extraction())))
    assert json.loads(written.decode("utf-8", "surrogatepass")) == {
        "file_type": "pdf",
        "reason": "timeout",
        "reason_message": "",
        "pages": [page.as_dict() for page in PAGES],
        "thumbnail": True,
        "picture": base64.b64encode(b"jpeg").decode(),
    }


def test_what_is_unread_comes_back() -> None:
    unread = (Unread(page=0, code="no_thumbnail"), Unread(page=2, code="timeout", help="Raise it."))
    packed = b"".join(pack_extraction(replace(_extraction(), unread=unread)))
    assert unpack_extraction(packed)[0].unread == unread


def test_what_the_content_says_of_itself_comes_back() -> None:
    properties = Properties(title="営業報告書", author="田中", modified="2024-05-31T00:00:00Z")
    packed = b"".join(pack_extraction(replace(_extraction(), properties=properties)))
    assert unpack_extraction(packed)[0].properties == properties
    mail = replace(properties, mail=MailFields(sender="田中", recipients=("a@example.com",), subject="件"))
    packed = b"".join(pack_extraction(replace(_extraction(), properties=mail)))
    assert unpack_extraction(packed)[0].properties == mail


def test_equal_values_have_equal_bytes() -> None:
    assert b"".join(pack_extraction(_extraction())) == b"".join(pack_extraction(_extraction()))
    assert pack_pages(PAGES) == pack({"pages": [page.as_dict() for page in PAGES]})
    assert unpack(pack_pages(())) == {"pages": []}


def test_a_long_document_comes_in_pieces() -> None:
    # Random digits hardly shrink, or nothing would be written before the end.
    random = Random(1)
    pages = tuple(
        Page(number=number, text=random.randbytes(10_000).hex(), source=TextSource.OCR)
        for number in range(100)
    )
    pieces = list(pack_extraction(_extraction(pages)))
    assert len(pieces) > 2
    assert unpack_extraction(b"".join(pieces))[0].pages == pages
