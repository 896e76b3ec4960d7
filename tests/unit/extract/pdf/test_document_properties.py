"""Title, author and dates of PDFs, by Info and by XMP."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import raw_pdf, stream
from worker.extract.pdf.document_properties import document_properties
from worker.models.metadata import NO_PROPERTIES, Properties

pytestmark = pytest.mark.unit

_XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"
><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmp:CreateDate="2024-04-01T09:00:00+09:00"><xmp:ModifyDate>2024-05-31</xmp:ModifyDate>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">契約書</rdf:li><rdf:li>contract</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>田中</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"""
_OF_XMP = Properties(
    title="契約書", author="田中", created="2024-04-01T00:00:00Z", modified="2024-05-31T00:00:00Z"
)


def _properties(folder: Path, info: bytes = b"", packet: str = "") -> Properties:
    path = raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            4: stream(packet.encode(), b"/Type/Metadata/Subtype/XML"),
            5: b"<<%s>>" % info,
        },
    )
    # Info is named in the trailer, which the stand-in writes without it.
    path.write_bytes(path.read_bytes().replace(b"/Root 1 0 R", b"/Root 1 0 R/Info 5 0 R"))
    return document_properties(pypdfium2.PdfDocument(path), path)


@pytest.mark.parametrize(
    ("date", "stored"),
    [
        (b"D:20240531100000+09'00'", "2024-05-31T01:00:00Z"),
        (b"D:20240531100000-03'30'", "2024-05-31T13:30:00Z"),
        (b"D:20240531100000Z", "2024-05-31T10:00:00Z"),
        (b"D:202405", "2024-05-01T00:00:00Z"),
        (b"2024", "2024-01-01T00:00:00Z"),
        (b"D:20249931", ""),
        (b"yesterday", ""),
    ],
)
def test_a_date_of_info_may_be_cut_anywhere(tmp_path: Path, date: bytes, stored: str) -> None:
    assert _properties(tmp_path, b"/ModDate(%s)" % date).modified == stored


def test_info_goes_before_xmp_which_has_the_rest(tmp_path: Path) -> None:
    assert _properties(tmp_path, packet=_XMP) == _OF_XMP
    found = _properties(tmp_path, b"/Title(Contract)/CreationDate(D:2023)", _XMP)
    assert (found.title, found.author) == ("Contract", "田中")
    assert (found.created, found.modified) == ("2023-01-01T00:00:00Z", "2024-05-31T00:00:00Z")


@pytest.mark.parametrize("packet", ["", "<x:xmpmeta>", "<x:xmpmeta><a></x:xmpmeta>"])
def test_what_is_missing_or_damaged_is_left_out(tmp_path: Path, packet: str) -> None:
    assert _properties(tmp_path, packet=packet) == NO_PROPERTIES


def test_half_a_character_costs_no_document(tmp_path: Path) -> None:
    assert _properties(tmp_path, b"/Title<FEFFD842>/Author(me)") == Properties(author="me")
