"""Image files as documents: pages, limits and damage."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, OCRError, RejectedError
from worker.extract.image.document import header_size_px, open_image
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_FORMATS = ["JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP"]


def _options(**limits: int) -> ReadOptions:
    return replace(_OPTIONS, limits=replace(_OPTIONS.limits, **limits))


def _half_black(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """White, with the left half black."""
    picture = Image.new("RGB", size, "white")
    picture.paste("black", (0, 0, size[0] // 2, size[1]))
    return picture.convert(mode)


def _save(folder: Path, picture: Image.Image, image_format: str, **how: object) -> Path:
    path = folder / f"picture.{image_format.lower()}"
    picture.save(path, image_format, **how)
    return path


def _draw(path: Path, folder: Path, number: int = 1) -> Image.Image:
    drawn = open_image(path, _OPTIONS).render(number, folder)
    assert drawn.read_bytes().startswith(b"P5")
    return Image.open(drawn)


def _is_half_black(picture: Image.Image) -> bool:
    grey = picture.convert("L")
    middle = grey.tobytes()[grey.height // 2 * grey.width :][: grey.width]
    return middle[5] < 60 and middle[-5] > 200


def _png_header(width_px: int, height_px: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("image_format", _FORMATS)
def test_an_image_is_one_page_for_ocr_from_a_grey_copy(tmp_path: Path, image_format: str) -> None:
    path = _save(tmp_path, _half_black(), image_format)

    source = open_image(path, _OPTIONS)

    assert source.page_count == 1
    assert list(source.pages) == [1]
    drawn = _draw(path, tmp_path)
    assert (drawn.size, drawn.mode) == ((60, 40), "L")
    assert _is_half_black(drawn)


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    frames = [Image.new("L", (30 + 10 * index, 20), "white") for index in range(3)]
    path = _save(tmp_path, frames[0], "TIFF", save_all=True, append_images=frames[1:])

    source = open_image(path, _OPTIONS)

    assert source.page_count == 3
    assert list(source.pages) == [1, 2, 3]
    assert [_draw(path, tmp_path, number).width for number in (3, 1, 2)] == [50, 30, 40]


def test_an_animation_is_one_page(tmp_path: Path) -> None:
    frames = [Image.new("L", (30, 20), colour) for colour in ("white", "black", "grey")]
    path = _save(tmp_path, frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert open_image(path, _OPTIONS).page_count == 1


@pytest.mark.parametrize(
    ("width_px", "height_px"), [(3_000_000, 2_000_000), (65_535, 65_535), (1_000, 1_001)]
)
def test_too_many_pixels_are_refused_by_the_header_alone(
    tmp_path: Path, width_px: int, height_px: int
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(_png_header(width_px, height_px))

    with pytest.raises(RejectedError, match=r"huge\.png") as caught:
        open_image(path, _options(max_pixels=1_000_000))

    assert caught.value.code is Code.TOO_MANY_PIXELS


def test_a_frame_with_too_many_pixels_costs_only_its_page(tmp_path: Path) -> None:
    frames = [Image.new("L", size) for size in ((300, 300), (20, 10), (30, 10))]
    path = _save(tmp_path, frames[0], "TIFF", save_all=True, append_images=frames[1:])

    source = open_image(path, _options(max_pixels=1_000))

    assert list(source.pages) == [
        Page(number=1, text="", source=TextSource.FAILED, reason=Code.TOO_MANY_PIXELS),
        2,
        3,
    ]
    preview = source.preview()
    assert preview is not None
    assert preview.size == (20, 10)


@pytest.mark.parametrize(
    ("image_format", "kept_bytes"), [("PNG", 20), ("JPEG", 20), ("WEBP", 24), ("TIFF", 6), ("BMP", 20)]
)
def test_what_has_no_whole_header_is_corrupt(tmp_path: Path, image_format: str, kept_bytes: int) -> None:
    path = _save(tmp_path, _half_black(), image_format)
    path.write_bytes(path.read_bytes()[:kept_bytes])

    with pytest.raises(RejectedError, match=path.name) as caught:
        open_image(path, _OPTIONS)

    assert caught.value.code is Code.CORRUPT


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_picture_cut_after_its_header_is_corrupt_when_it_is_drawn_and_leaves_nothing(
    tmp_path: Path, image_format: str
) -> None:
    path = _save(tmp_path, Image.effect_noise((300, 300), 90), image_format)
    path.write_bytes(path.read_bytes()[:700])
    source = open_image(path, _OPTIONS)

    with pytest.raises(OCRError) as caught:
        source.render(1, tmp_path)

    assert caught.value.code is Code.CORRUPT
    assert not source.is_cut(1)
    assert source.preview() is None
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_truncated_picture_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    path = _save(tmp_path, Image.effect_noise((300, 300), 90), "PNG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_image(path, _OPTIONS)

    drawn = Image.open(source.render(1, tmp_path))

    assert source.is_cut(1)
    assert 140 <= drawn.height <= 150
    preview = source.preview()
    assert preview is not None
    assert preview.height == drawn.height


def test_a_damaged_frame_costs_only_its_page(tmp_path: Path) -> None:
    frames = [Image.effect_noise((100, 100), 90), Image.new("L", (20, 10))]
    path = _save(tmp_path, frames[0], "TIFF", compression="tiff_lzw", save_all=True, append_images=frames[1:])
    data = bytearray(path.read_bytes())
    data[200:4_000] = bytes(3_800)
    path.write_bytes(data)
    source = open_image(path, _OPTIONS)

    with pytest.raises(OCRError) as caught:
        source.render(1, tmp_path)

    assert caught.value.code is Code.CORRUPT
    assert Image.open(source.render(2, tmp_path)).size == (20, 10)


def test_a_tiff_whose_next_frame_is_missing_keeps_the_first(tmp_path: Path) -> None:
    frames = [Image.new("L", (30, 20)), Image.new("L", (40, 20))]
    path = _save(tmp_path, frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with Image.open(path) as image:
        image.seek(1)
        second = image._frame_pos[1]  # type: ignore[attr-defined]
    path.write_bytes(path.read_bytes()[: second + 1])

    assert list(open_image(path, _OPTIONS).pages) == [
        1,
        Page(number=2, text="", source=TextSource.FAILED, reason=Code.CORRUPT),
    ]


def test_frames_that_point_at_each_other_end(tmp_path: Path) -> None:
    path = _save(tmp_path, Image.new("L", (30, 20)), "TIFF")
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    path.write_bytes(data)

    assert open_image(path, _OPTIONS).page_count == 1


def test_the_size_is_read_from_the_header(tmp_path: Path) -> None:
    path = _save(tmp_path, Image.new("L", (30, 20)), "PNG")

    assert header_size_px(io.BytesIO(path.read_bytes()[:45])) == (30, 20)
    assert header_size_px(io.BytesIO(b"no picture")) is None


@pytest.mark.parametrize("how", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0"}])
def test_unopenable_webp_is_classified_by_its_header(tmp_path: Path, how: dict[str, object]) -> None:
    path = _save(tmp_path, _half_black(size=(300, 200)), "WEBP", **how)
    path.write_bytes(path.read_bytes()[:30])

    with pytest.raises(RejectedError) as small:
        open_image(path, _options(max_pixels=300 * 200))
    with pytest.raises(RejectedError) as large:
        open_image(path, _options(max_pixels=300 * 200 - 1))

    assert (small.value.code, large.value.code) == (Code.CORRUPT, Code.TOO_MANY_PIXELS)


def test_webp_that_no_memory_holds_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "large.webp"
    path.write_bytes(b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff" * 6)

    with pytest.raises(MemoryError):
        open_image(path, _options(max_pixels=1 << 60))
    assert header_size_px(io.BytesIO(path.read_bytes())) == (1 << 24, 1 << 24)
