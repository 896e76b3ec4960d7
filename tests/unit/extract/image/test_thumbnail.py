"""The pictures people and embedding models see."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import pdf, write
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.image.thumbnail import picture_to_embed, thumbnail
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions

pytestmark = pytest.mark.unit


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_thumbnail_is_webp_of_at_most_512_pixels_in_the_same_shape() -> None:
    picture = _open(thumbnail(Image.new("RGB", (1024, 512), "teal")))

    assert (picture.format, picture.size, picture.mode) == ("WEBP", (512, 256), "RGB")


def test_a_small_picture_is_not_blown_up() -> None:
    assert _open(thumbnail(Image.new("RGB", (40, 30)))).size == (40, 30)


def test_a_strip_one_pixel_high_survives() -> None:
    assert _open(thumbnail(Image.new("RGB", (1024, 1)))).size == (512, 1)


def test_the_picture_to_embed_is_a_jpeg_far_under_five_megabytes_even_if_it_is_noise() -> None:
    noise = Image.frombytes("RGB", (1024, 1024), random.Random(1).randbytes(3 * 1024 * 1024))

    data = picture_to_embed(noise)

    assert _open(data).format == "JPEG"
    assert _open(data).size == (1024, 1024)
    assert len(data) < 2 * 1024 * 1024


@pytest.mark.parametrize("encode", [thumbnail, picture_to_embed])
def test_no_colour_profile_is_written_and_the_preview_stays_as_it_was(
    encode: Callable[[Image.Image], bytes],
) -> None:
    preview = Image.new("RGB", (600, 600))
    preview.info["icc_profile"] = b"a profile"

    assert "icc_profile" not in _open(encode(preview)).info
    assert preview.size == (600, 600)
    assert preview.info["icc_profile"] == b"a profile"


def test_japanese_whose_font_is_not_in_the_file_is_drawn_all_the_same(tmp_path: Path) -> None:
    options = ReadOptions(limits=limits(Settings()), languages=("jpn",), dpi=200)
    preview = open_pdf(pdf(tmp_path, write("日本語テスト", lines=3)), options).preview()

    assert preview is not None
    with Image.open(io.BytesIO(thumbnail(preview))) as picture:
        ink = sum(picture.convert("L").histogram()[:128])
    assert ink > 100, "no letters: is a Japanese font installed? (fonts-ipafont)"


def _cmyk_red(canvas: Canvas) -> None:
    canvas.drawInlineImage(Image.new("CMYK", (100, 100), (0, 255, 255, 0)), 0, 421, 298, 421)


@pytest.mark.parametrize(("turned", "corner"), [(0, (10, 10)), (90, (-10, 10)), (180, (-10, -10))])
def test_a_page_in_printers_colours_is_upright_and_in_those_of_a_screen(
    tmp_path: Path, turned: int, corner: tuple[int, int]
) -> None:
    path = pdf(tmp_path, _cmyk_red)
    path.write_bytes(path.read_bytes().replace(b"/Rotate 0", b"/Rotate %d" % turned))
    options = ReadOptions(limits=limits(Settings()), languages=("jpn",), dpi=200)

    preview = open_pdf(path, options).preview()

    assert preview is not None
    with Image.open(io.BytesIO(thumbnail(preview))) as picture:
        at = (corner[0] % picture.width, corner[1] % picture.height)
        red, green, blue = picture.convert("RGB").getpixel(at)  # type: ignore[misc]
    assert red > 150
    assert max(green, blue) < 100
