"""Frames of images as OCR and previews get them."""

from __future__ import annotations

from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw

from worker.extract.image.decoding import decode_page, decode_preview

pytestmark = pytest.mark.unit


def _half_black(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """White, with the left half black."""
    picture = Image.new("RGB", size, "white")
    picture.paste("black", (0, 0, size[0] // 2, size[1]))
    return picture.convert(mode)


def _save(folder: Path, picture: Image.Image, image_format: str, **how: object) -> Path:
    path = folder / f"picture.{image_format.lower()}"
    picture.save(path, image_format, **how)
    return path


def _is_half_black(picture: Image.Image) -> bool:
    grey = picture.convert("L")
    middle = grey.tobytes()[grey.height // 2 * grey.width :][: grey.width]
    return middle[5] < 60 and middle[-5] > 200


@pytest.mark.parametrize(
    ("mode", "image_format"),
    [
        ("1", "TIFF"),
        ("P", "GIF"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("L", "PNG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
    ],
)
def test_every_kind_of_pixel_comes_out_grey(tmp_path: Path, mode: str, image_format: str) -> None:
    assert _is_half_black(decode_page(_save(tmp_path, _half_black(mode), image_format), 0))


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    deep = _half_black("L").convert("I").point(lambda value: value * 200 + 5000).convert("I;16")
    path = _save(tmp_path, deep, "PNG")

    assert _is_half_black(decode_page(path, 0))
    preview = decode_preview(path, 0)
    assert preview.mode == "RGB"


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 0, 30, 40))
    path = _save(tmp_path, clear, "PNG")

    assert _is_half_black(decode_page(path, 0))
    preview = decode_preview(path, 0)
    assert preview.getpixel((55, 20)) == (255, 255, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_page_and_preview_are_upright_for_every_exif_orientation(
    tmp_path: Path, image_format: str, orientation: int
) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = _half_black()
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = _save(tmp_path, stored, image_format, exif=exif)

    drawn = decode_page(path, 0)
    preview = decode_preview(path, 0)

    assert drawn.size == preview.size == (60, 40)
    assert _is_half_black(drawn)
    assert _is_half_black(preview)


def test_a_damaged_exif_block_is_ignored(tmp_path: Path) -> None:
    path = _save(tmp_path, _half_black(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff damage")

    assert _is_half_black(decode_page(path, 0))


def test_the_preview_is_small_rgb(tmp_path: Path) -> None:
    preview = decode_preview(_save(tmp_path, _half_black("CMYK", (3000, 1000)), "JPEG"), 0)

    assert (preview.mode, preview.size) == ("RGB", (1024, 341))


def test_the_preview_of_a_palette_is_averaged(tmp_path: Path) -> None:
    stripes = Image.new("L", (4096, 8), "white")
    for x in range(0, 4096, 2):
        stripes.paste("black", (x, 0, x + 1, 8))

    preview = decode_preview(_save(tmp_path, stripes.convert("P"), "GIF"), 0)

    assert preview.convert("L").getextrema() not in ((0, 0), (255, 255))


def test_colours_are_converted_from_the_profile_of_the_picture(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    path = _save(tmp_path, Image.new("RGB", (20, 20), (200, 100, 50)), "PNG", icc_profile=swapped)

    preview = decode_preview(path, 0)

    pixel = preview.getpixel((10, 10))
    assert isinstance(pixel, tuple)
    assert all(abs(got - wanted) <= 2 for got, wanted in zip(pixel, (50, 100, 200), strict=True))


def test_a_damaged_profile_is_ignored(tmp_path: Path) -> None:
    path = _save(tmp_path, Image.new("RGB", (20, 20), (200, 100, 50)), "PNG", icc_profile=b"damage")

    preview = decode_preview(path, 0)

    assert preview.getpixel((10, 10)) == (200, 100, 50)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_picture_too_large_for_ocr_is_drawn_smaller(tmp_path: Path, image_format: str) -> None:
    path = _save(tmp_path, _half_black("L", (10_000, 5_000)), image_format)

    drawn = decode_page(path, 0)

    assert drawn.size == (5_000, 2_500)
    assert _is_half_black(drawn)


def test_a_strip_longer_than_the_ocr_engine_takes_is_drawn_smaller(tmp_path: Path) -> None:
    path = _save(tmp_path, _half_black("L", (40_000, 20)), "PNG")

    assert decode_page(path, 0).size == (20_000, 10)


def test_the_photo_of_a_phone_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.heic"
    pillow_heif.from_pillow(_half_black().rotate(90, expand=True)).save(path, exif=exif.tobytes())

    assert _is_half_black(decode_page(path, 0))
    preview = decode_preview(path, 0)
    assert preview.size == (60, 40)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_jpeg_2000_is_read(tmp_path: Path, mode: str) -> None:
    assert _is_half_black(decode_page(_save(tmp_path, _half_black(mode), "JPEG2000"), 0))


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_characters_as_bright_as_their_background_are_read_in_a_colour_channel(
    tmp_path: Path, image_format: str
) -> None:
    picture = Image.new("RGB", (400, 300), (60, 100, 200))
    ImageDraw.Draw(picture).rectangle((50, 100, 350, 140), fill=(220, 30, 30))

    levels = decode_page(_save(tmp_path, picture, image_format), 0).tobytes()

    assert max(levels) - min(levels) > 100


@pytest.mark.parametrize(
    ("dpi", "size"),
    [((204, 98), (200, 208)), ((98, 204), (416, 100)), ((204, 196), (200, 100)), ((600, 1), (200, 100))],
    ids=["fax", "rotated fax", "fine fax", "nonsense"],
)
def test_a_fax_has_square_pixels(tmp_path: Path, dpi: tuple[int, int], size: tuple[int, int]) -> None:
    path = _save(tmp_path, _half_black(size=(200, 100)), "TIFF", dpi=dpi)

    assert decode_page(path, 0).size == size
    preview = decode_preview(path, 0)
    assert preview.size == size
