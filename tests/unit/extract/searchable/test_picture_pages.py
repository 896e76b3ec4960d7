"""Pictures of every kind as pages that look as they do."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageOps
from pypdfium2 import PdfDocument

from worker.extract.searchable.picture_pages import add_picture_pages

pytestmark = pytest.mark.unit

_SIZE = (120, 80)


def corners() -> Image.Image:
    """A picture whose corners differ."""
    picture = Image.new("RGB", _SIZE, "white")
    for number, colour in enumerate(("red", "lime", "blue")):
        left, top = 60 * (number % 2), 40 * (number // 2)
        picture.paste(colour, (left, top, left + 60, top + 40))
    return picture


def pages_of(path: Path, **how: int) -> tuple[tuple[int, ...], Path]:
    target = path.with_suffix(".out.pdf")
    with pikepdf.new() as pdf:
        numbers = add_picture_pages(pdf, path, max_pixels=how.get("max_pixels", 10**6))
        pdf.save(target)
    return numbers, target


def drawn(target: Path, page: int = 0) -> Image.Image:
    found = PdfDocument(target)[page]
    picture: Image.Image = found.render(scale=120 / max(found.get_size())).to_pil().convert("RGB")
    return picture


def assert_alike(one: Image.Image, other: Image.Image, *, within: int = 0) -> None:
    assert one.size == other.size
    # The pixels on an edge are mixed.
    middles = [(x, y) for x in (10, one.width - 10) for y in (10, one.height - 10)]
    difference = ImageChops.difference(one, other.convert("RGB"))
    assert all(max(difference.getpixel(place)) <= within for place in middles)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "mode", "within"),
    [
        ("a.png", "RGB", 0),
        ("a.png", "P", 0),
        ("a.png", "RGBA", 0),
        ("a.png", "L", 0),
        ("a.png", "1", 0),
        ("a.bmp", "RGB", 0),
        ("a.gif", "P", 8),
        ("a.tif", "CMYK", 3),
        ("a.jpg", "RGB", 3),
        ("a.jpg", "L", 3),
        ("a.jpg", "CMYK", 6),
        ("a.webp", "RGB", 12),
        ("a.jp2", "RGB", 3),
    ],
)
def test_a_picture_looks_as_it_did(tmp_path: Path, name: str, mode: str, within: int) -> None:
    picture = corners().convert(mode, dither=Image.Dither.NONE)
    picture.save(tmp_path / name, quality=95)
    numbers, target = pages_of(tmp_path / name)
    assert numbers == (1,)
    assert_alike(drawn(target), picture.convert("RGB"), within=within)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_may_be_held_in_any_way(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "a.jpg"
    corners().save(path, quality=95, exif=exif)
    upright = Image.open(path)
    assert_alike(drawn(pages_of(path)[1]), ImageOps.exif_transpose(upright).convert("RGB"), within=3)


def test_the_bytes_of_a_jpeg_are_kept_and_its_colours(tmp_path: Path) -> None:
    profile = bytes(16) + b"RGB " + bytes(100)
    corners().save(tmp_path / "a.jpg", icc_profile=profile)
    with pikepdf.open(pages_of(tmp_path / "a.jpg")[1]) as pdf:
        picture = pdf.pages[0].resources.XObject.Im0
        assert picture.read_raw_bytes() == (tmp_path / "a.jpg").read_bytes()
        assert picture.ColorSpace[1].read_bytes() == profile


def test_a_jpeg_that_is_cut_shows_the_part_that_it_has(tmp_path: Path) -> None:
    Image.effect_noise((400, 400), 60).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    numbers, target = pages_of(tmp_path / "a.jpg")
    assert numbers == (1,)
    width, height = PdfDocument(target)[0].get_size()
    assert 0.3 < height / width < 0.7


@pytest.mark.parametrize(
    ("dpi", "size"),
    [(None, (842, 561)), ((72, 72), (842, 561)), ((120, 120), (72, 48)), ((120, 60), (72, 96))],
)
def test_a_page_is_as_large_as_its_resolution_says(
    tmp_path: Path, dpi: tuple[int, int] | None, size: tuple[int, int]
) -> None:
    corners().save(tmp_path / "a.tif", dpi=dpi)
    found = PdfDocument(pages_of(tmp_path / "a.tif")[1])[0].get_size()
    assert tuple(map(round, found)) == size


def test_frames_over_the_limit_and_damaged_ones_are_lost(tmp_path: Path) -> None:
    large, small = Image.new("L", (200, 200)), Image.new("L", (50, 50))
    large.save(tmp_path / "a.tif", save_all=True, append_images=[small])
    assert pages_of(tmp_path / "a.tif", max_pixels=10_000)[0] == (0, 1)
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert pages_of(tmp_path / "b.png")[0] == (0,)
