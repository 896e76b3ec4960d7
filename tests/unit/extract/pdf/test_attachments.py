"""Files that are attached to a PDF."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stand_ins.made_pdfs import raw_pdf, stream
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import RejectedError
from worker.extract.page_source import PageSource
from worker.extract.pdf.document import open_pdf
from worker.models.page import Page

pytestmark = pytest.mark.unit

_FILE = b"<</Type/Filespec/F(%s)/EF<</F %d 0 R>>>>"


def _open(folder: Path, files: bytes) -> PageSource:
    path = raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[%s]>>>>>>" % files,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            4: stream(b"the first file", b"/Type/EmbeddedFile"),
            5: b"<<>>",
        },
    )
    return open_pdf(path, read_options(Settings()))


def test_attached_files_are_files_and_their_names_a_page(tmp_path: Path) -> None:
    source = _open(tmp_path, b"(a)%s(b)%s" % (_FILE % (b"a.txt", 4), _FILE % (b"b.txt", 5)))
    assert source.page_count == 2
    names = list(source.pages)[1]
    assert isinstance(names, Page)
    assert (names.number, names.text) == (2, "a.txt\nb.txt")
    first, second = source.contained
    assert (first.name, first.open().read()) == ("a.txt", b"the first file")
    with pytest.raises(RejectedError, match=r"b\.txt: damaged"):
        second.open()
    assert source.unread == ()


def test_a_pdf_without_attached_files_has_its_own_pages_only(tmp_path: Path) -> None:
    source = _open(tmp_path, b"")
    assert source.page_count == 1
    assert list(source.contained) == []
