"""Pictures on pages with a good text layer: drawn alone, at their own density, and each read once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import A4, SENTENCE, write
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.image.blank_page import is_blank
from worker.extract.page_source import LayeredPage
from worker.extract.pdf import page_pictures
from worker.extract.pdf.document import open_pdf
from worker.extract.pdf.layer.text_layer import TextLayer
from worker.extract.pdf.page_pictures import draw_pictures
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_AT = (100, 100)


def _screen(text: str, width_px: int = 400) -> Image.Image:
    """A screen with a text, for a place of 300 x 150 points."""
    shown = Image.new("L", (width_px, width_px // 2), 250)
    ImageDraw.Draw(shown).text((20, 40), text, fill=0, font=ImageFont.load_default(30))
    return shown


def _pdf(folder: Path, *screens: Image.Image, over: str = "") -> Path:
    path = folder / "manual.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    for screen in screens:
        write(SENTENCE, lines=20)(canvas)
        canvas.drawImage(ImageReader(screen), *_AT, 300, 150)
        if over:
            canvas.setFont("Helvetica", 22)
            canvas.drawString(_AT[0] + 15, _AT[1] + 95, over)
        canvas.showPage()
    canvas.save()
    return path


@pytest.mark.parametrize(("width_px", "expected_dpi"), [(400, 192), (800, 192), (1_100, 264), (2_000, 300)])
def test_a_page_is_drawn_at_the_density_of_its_picture_or_a_multiple(
    tmp_path: Path, width_px: int, expected_dpi: int
) -> None:
    source = open_pdf(_pdf(tmp_path, _screen("Open file", width_px)), _OPTIONS)
    assert all(isinstance(page, LayeredPage) for page in source.pages)

    drawn = Image.open(source.render(1, tmp_path))

    assert drawn.width == pytest.approx(A4[0] * expected_dpi / 72, abs=2)


def test_only_the_picture_is_drawn_and_where_it_is_on_the_page(tmp_path: Path) -> None:
    source = open_pdf(_pdf(tmp_path, _screen("Open file")), _OPTIONS)
    list(source.pages)

    drawn = Image.open(source.render(1, tmp_path))

    scale = drawn.width / A4[0]
    left, top, right, bottom = (
        round(side * scale) for side in (_AT[0], A4[1] - _AT[1] - 150, _AT[0] + 300, A4[1] - _AT[1])
    )
    inside = drawn.crop((left, top, right, bottom))
    assert inside.getextrema() != (255, 255)
    drawn.paste(255, (left - 2, top - 2, right + 2, bottom + 2))
    assert drawn.getextrema() == (255, 255)


def test_a_picture_that_a_page_before_showed_is_not_read_again(tmp_path: Path) -> None:
    one, other = _screen("Open file"), _screen("Save file")

    pages = open_pdf(_pdf(tmp_path, *[one, other] * 3), _OPTIONS).pages

    assert [isinstance(page, LayeredPage) for page in pages] == [True, True, False, False, False, False]


def test_pages_say_that_a_picture_is_not_read_where_no_page_before_may_read_it(tmp_path: Path) -> None:
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_pages=1))
    screens = [_screen("Save file"), *[_screen("Open file")] * 4]

    first, *others = open_pdf(_pdf(tmp_path, *screens), options).pages

    assert isinstance(first, LayeredPage)
    assert [page.reason for page in others if isinstance(page, Page)] == ["too_many_pages"] * 4


def test_pictures_upon_each_other_are_drawn_at_once_and_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = pypdfium2.PdfDocument(_pdf(tmp_path, _screen("Open file")))[0]
    boxes = tuple((0.0, 0.0, 595.0, 842.0 - place) for place in range(50))
    drawings: list[Any] = []
    pictures: list[tuple[int, int]] = []
    render = pypdfium2.PdfPage.render

    def count_drawing(*args: Any, **options: Any) -> Any:
        drawings.append(options)
        return render(*args, **options)

    def count_picture(shown: Image.Image) -> bool:
        pictures.append(shown.size)
        return is_blank(shown)

    monkeypatch.setattr(pypdfium2.PdfPage, "render", count_drawing)
    monkeypatch.setattr(page_pictures, "is_blank", count_picture)

    drawn = draw_pictures(page, TextLayer(text="", pictures=boxes))

    assert drawn.getextrema() != (255, 255)
    assert (len(drawings), len(pictures)) == (1, 4)


def test_a_picture_whose_text_the_layer_has_over_it_is_not_read(tmp_path: Path) -> None:
    source = open_pdf(_pdf(tmp_path, _screen(""), over="Open the file"), _OPTIONS)
    list(source.pages)

    assert Image.open(source.render(1, tmp_path)).getextrema() == (255, 255)
