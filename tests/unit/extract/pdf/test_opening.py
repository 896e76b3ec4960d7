"""Files that pdfium refuses and qpdf opens, and files with hidden groups that qpdf does not open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from tests.stand_ins.made_pdfs import Draw, lettered, pdf, raw_pdf, stream, write
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


def _with_hidden_text(folder: Path, *, usages: int = 0) -> Path:
    """A page with a hidden text and a shown one; its groups are named in so many lists."""
    content = b"BT /F 12 Tf 72 700 Td /OC /P BDC (HIDDEN) Tj EMC 0 -50 Td (Shown) Tj ET"
    lists = b"<</Event/View/OCGs 11 0 R>>" * usages
    configuration = b"<</OFF[10 0 R]/AS[%s]>>" % lists
    return raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[10 0 R]/D%s>>>>" % configuration,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources"
            b"<</Font<</F 5 0 R>>/Properties<</P 10 0 R>>>>>>",
            4: stream(content),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            10: b"<</Type/OCG/Name(a)>>",
            11: b"[%s]" % (b"10 0 R " * 3_000),
        },
    )


def test_hidden_text_of_a_damaged_file_that_qpdf_refuses_stays_hidden(tmp_path: Path) -> None:
    path = _with_hidden_text(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"/Kids[3 0 R]", b"/Kids [3 0 R"))
    with pytest.raises(pikepdf.PdfError):
        pikepdf.open(path)

    (page,) = open_pdf(path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text == "Shown"


def test_where_nobody_can_say_what_is_hidden_pages_are_read_from_what_they_show(tmp_path: Path) -> None:
    source = open_pdf(_with_hidden_text(tmp_path, usages=1_100), _OPTIONS)

    assert list(source.pages) == [1]
    shown = Image.open(source.render(1, tmp_path))
    hidden_line = shown.crop((0, 0, shown.width, round(shown.height * 160 / 842)))
    assert hidden_line.getextrema() == (255, 255)
    assert shown.getextrema() != (255, 255)
