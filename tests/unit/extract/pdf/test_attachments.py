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


def _with_file_on_page(folder: Path, specification: bytes) -> PageSource:
    note = b"<</Type/Annot/Subtype/FileAttachment/F 4/Rect[9 9 30 30]/FS%s>>" % specification
    # Its form field is made part of the page when that is read.
    field = b"<</Type/Annot/Subtype/FreeText/F 4/Rect[40 40 90 60]/AP<</N 6 0 R>>/DA(/F1 12 Tf)>>"
    path = raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Annots[%s%s]>>" % (field, note),
            4: stream(b"on the page", b"/Type/EmbeddedFile"),
            5: stream(b"of no type", b""),
            6: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"),
        },
    )
    return open_pdf(path, read_options(Settings()))


@pytest.mark.parametrize("is_read_first", [False, True])
def test_files_at_places_of_pages_are_files_whenever_the_pages_are_read(
    tmp_path: Path, *, is_read_first: bool
) -> None:
    source = _with_file_on_page(tmp_path, _FILE % (b"memo.txt", 4))
    if is_read_first:
        (page,) = source.pages
        assert isinstance(page, Page)
        assert page.unread == ()
    (file,) = source.contained
    assert (file.name, file.open().read()) == ("memo.txt", b"on the page")


@pytest.mark.parametrize("specification", [b"<</Type/Filespec/F(a.txt)>>", _FILE % (b"gone.txt", 8)])
def test_a_file_at_a_place_whose_bytes_are_missing_is_said_to_be_unread(
    tmp_path: Path, specification: bytes
) -> None:
    source = _with_file_on_page(tmp_path, specification)
    (page,) = source.pages
    assert isinstance(page, Page)
    assert page.unread == ("attached_files",)
    assert list(source.contained) == []
