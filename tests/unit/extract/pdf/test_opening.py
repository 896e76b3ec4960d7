"""Files that pdfium refuses and qpdf opens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from tests.stand_ins.made_pdfs import Draw, lettered, pdf, write
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _refused_by_pdfium(folder: Path, draw: Draw, *, user: str = "") -> Path:
    """Encrypted as usual, but the filter of strings has a name that the file does not explain."""
    protected = folder / "protected.pdf"
    with pikepdf.open(pdf(folder, draw)) as plain:
        plain.save(protected, encryption=pikepdf.Encryption(user=user, owner="owner", R=6))
    data = protected.read_bytes()
    assert b"/StrF /StdCF" in data
    protected.write_bytes(data.replace(b"/StrF /StdCF", b"/StrF /Other", 1))
    return protected


def test_a_file_that_an_empty_password_opens_is_read_although_pdfium_refuses_it(tmp_path: Path) -> None:
    source = open_pdf(_refused_by_pdfium(tmp_path, write("Open to all")), _OPTIONS)

    (page,) = source.pages
    assert isinstance(page, Page)
    assert page.text == "Open to all"
    assert source.preview() is not None


def test_its_pages_are_drawn_for_ocr(tmp_path: Path) -> None:
    source = open_pdf(_refused_by_pdfium(tmp_path, lettered("Scanned")), _OPTIONS)
    assert list(source.pages) == [1]

    assert source.render(1, tmp_path).stat().st_size > 10_000


def test_a_given_password_opens_it_too(tmp_path: Path) -> None:
    path = _refused_by_pdfium(tmp_path, write("For some"), user="user")
    options = replace(_OPTIONS, pdf_passwords=("other", "user"))

    (page,) = open_pdf(path, options).pages

    assert isinstance(page, Page)
    assert page.text == "For some"


def test_without_a_password_that_fits_it_is_encrypted(tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        open_pdf(_refused_by_pdfium(tmp_path, write("For some"), user="user"), _OPTIONS)

    assert caught.value.code is Code.ENCRYPTED
