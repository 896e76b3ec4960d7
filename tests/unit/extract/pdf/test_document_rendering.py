"""PDF pages rendered for OCR, and the preview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import (
    SENTENCE,
    lettered,
    one_page,
    pdf,
    raw_pdf,
    stream,
    tree,
    write,
)
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, OCRError
from worker.extract.page_source import LayeredPage
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _rectangle(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


def _blank(_canvas: Canvas) -> None:
    pass


def test_forms_that_draw_themselves_come_to_an_end(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    form = stream(
        b"/X Do 0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X 5 0 R>>>>"
    )
    source = open_pdf(one_page(tmp_path, b"/X Do", b"/XObject<</X 5 0 R>>", {5: form}), _OPTIONS)

    assert list(source.pages) == [1]
    assert source.render(1, tmp_path).is_file()
    assert source.preview() is not None


def test_of_a_mixed_page_only_the_pictures_are_rendered(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    path = pdf(tmp_path, lettered("FIGURE", then=write(SENTENCE, lines=30)))
    source = open_pdf(path, _OPTIONS)

    (item,) = source.pages
    image: Image.Image = Image.open(source.render(1, tmp_path))

    assert isinstance(item, LayeredPage)
    assert (item.page.layer_reason, item.page.text.count("fox")) == (None, 30)
    image = image.resize((1_653, 2_339))
    beside, inside = image.crop((0, 0, 1650, 1500)), image.crop((200, 1510, 1300, 2060))
    assert beside.getextrema() == (255, 255)
    assert inside.getextrema() == (0, 255)


def test_a_page_is_rendered_in_the_size_and_rotation_it_is_shown_in(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    page = b"/MediaBox[0 0 900 900]/CropBox[0 0 360 720]/Rotate 90"
    path = tree(tmp_path, b"3 0 R", count=1, page=page)

    drawn = open_pdf(path, _OPTIONS).render(1, tmp_path)

    assert Image.open(drawn).size == (2_000, 1_000)


def test_a_page_in_larger_units_is_rendered_in_its_real_size(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    page = b"/MediaBox[0 0 72 36]/UserUnit 10"

    drawn = open_pdf(tree(tmp_path, b"3 0 R", count=1, page=page), _OPTIONS).render(1, tmp_path)

    assert Image.open(drawn).size == (2_000, 1_000)


def test_a_poster_is_rendered_at_what_its_picture_holds(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("pdftoppm")
    image = stream(
        bytes(2_500 * 3_000),
        b"/Type/XObject/Subtype/Image/Width 2500/Height 3000/ColorSpace/DeviceGray/BitsPerComponent 8",
    )
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 2000 2400]/UserUnit 10/Contents 4 0 R"
        b"/Resources<</XObject<</I 5 0 R>>>>>>"
    )
    path = raw_pdf(
        tmp_path,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page,
            4: stream(b"2000 0 0 2400 0 0 cm /I Do"),
            5: image,
        },
    )

    drawn = open_pdf(path, _OPTIONS).render(1, tmp_path)

    assert Image.open(drawn).size == (2_500, 3_000)


def test_a_missing_page_cannot_be_rendered(tmp_path: Path) -> None:
    source = open_pdf(tree(tmp_path, b"3 0 R 9 0 R 4 0 R", count=3), _OPTIONS)

    with pytest.raises(OCRError) as caught:
        source.render(2, tmp_path)

    assert caught.value.code is Code.OCR_FAILED


@pytest.mark.parametrize(
    ("size_pt", "expected_px"),
    [((595, 842), (724, 1024)), ((2_000, 1_000), (1024, 512)), ((50, 50), (1024, 1024))],
)
def test_the_preview_is_the_first_page_in_small_rgb(
    tmp_path: Path, size_pt: tuple[int, int], expected_px: tuple[int, int]
) -> None:
    preview = open_pdf(pdf(tmp_path, _blank, size=size_pt), _OPTIONS).preview()

    assert preview is not None
    assert preview.mode == "RGB"
    assert max(abs(got - wanted) for got, wanted in zip(preview.size, expected_px, strict=True)) <= 1
    assert max(preview.size) <= 1024


def test_the_preview_has_the_rotation_of_the_page(tmp_path: Path) -> None:
    path = tree(tmp_path, b"3 0 R", count=1, page=b"/MediaBox[0 0 300 600]/Rotate 90")

    preview = open_pdf(path, _OPTIONS).preview()

    assert preview is not None
    assert preview.size == (1024, 512)


def test_there_is_no_preview_of_a_page_with_a_huge_picture(tmp_path: Path) -> None:
    image = stream(
        b"",
        b"/Type/XObject/Subtype/Image/Width 35000/Height 35000/ColorSpace/DeviceGray/BitsPerComponent 1",
    )
    source = open_pdf(
        one_page(tmp_path, b"500 0 0 500 0 0 cm /I Do", b"/XObject<</I 5 0 R>>", {5: image}), _OPTIONS
    )

    assert list(source.pages) == [1]
    assert source.preview() is None


def test_there_is_no_preview_where_the_first_page_is_damaged(tmp_path: Path) -> None:
    path = tree(tmp_path, b"9 0 R 3 0 R", count=2)

    assert open_pdf(path, _OPTIONS).preview() is None


def test_a_configured_password_opens_and_renders_its_file(
    tmp_path: Path, require_program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_program("pdftoppm")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    locked = StandardEncryption("pässwört", ownerPassword="owner")
    path = pdf(tmp_path, write("secret"), _rectangle, encrypt=locked)

    source = open_pdf(path, replace(_OPTIONS, pdf_passwords=("wrong", "pässwört")))

    first, second = source.pages
    assert isinstance(first, Page)
    assert (first.text, second) == ("secret", 2)
    assert Image.open(source.render(2, tmp_path)).getextrema() == (0, 255)
