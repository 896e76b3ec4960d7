"""Pictures: sizes are told from the headers, and only then is a frame decoded, one at a time.

A TIFF has as many pages as frames; of all other types the first frame counts.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageStat

from worker.errors import Code, OCRError, RejectedError
from worker.extract.image.blank_page import is_blank
from worker.extract.image.grayscale import on_paper, to_grey
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

# Pillow's own limit warns or raises by a global setting; ours is told before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

pillow_heif.register_heif_opener(thumbnails=False)

_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "HEIF", "JPEG2000")
_MAX_OCR_PIXELS = 40_000_000
_MAX_SIDE_PX = 32_000
"""Tesseract refuses sides over 32767 px."""
_PREVIEW_PX = 1024
_MAX_FRAMES = 10_000
_LEAST_FAX_DPI = 50
_FAX_RATIO = 1.5
_COLOURED = ("RGB", "RGBX", "RGBA", "CMYK", "YCbCr", "LAB", "P")
_WEBP_HEAD_BYTES = 30
_WEBP_SIDE = 0x3FFF
_DEEP_MODES = ("I", "F")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation (Exif 2.32, tag 274); Pillow does it for TIFF by itself."""
_UNREADABLE = (
    OSError,  # Pillow's UnidentifiedImageError is one
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on damaged files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _ImageFile:
    """A file and, for each of its frames, why it is not to be decoded (None: it is)."""

    path: Path
    problems: tuple[Code | None, ...]


def open_image(path: Path, options: ReadOptions) -> PageSource:
    """Look at the headers of all frames; every frame that may be decoded must be recognised.

    Raises RejectedError where no frame may: `corrupt`, or `too_many_pixels` (over `max_pixels`).
    """
    picture = _ImageFile(path=path, problems=tuple(_frame_problems(path, options.limits.max_pixels)))
    first = next((frame for frame, problem in enumerate(picture.problems) if problem is None), None)
    if first is None:
        raise RejectedError(
            f"{path.name}: has more than {options.limits.max_pixels} pixels", code=Code.TOO_MANY_PIXELS
        )
    return PageSource(
        page_count=len(picture.problems),
        pages=_pages(picture),
        render=lambda number, folder: _render(picture, number, folder),
        preview=lambda: _preview(picture, first),
    )


def stated_size_px(file: IO[bytes]) -> tuple[int, int] | None:
    """Width and height of a picture by its header; None where it is none that can be read."""
    try:
        with Image.open(file, formats=_FORMATS) as image:
            return image.size
    except _UNREADABLE:
        file.seek(0)
        size_px = _webp_size_px(file.read(_WEBP_HEAD_BYTES))
        return size_px if size_px and not _has_room_for_webp(*size_px) else None


def _frame_problems(path: Path, max_pixels: int) -> Iterator[Code | None]:
    try:
        image = _opened(path)
    except _UNREADABLE as error:
        yield _why_unopened(path, error, max_pixels)
        return
    with image:
        frames = _MAX_FRAMES if image.format == "TIFF" else 1
        for frame in range(frames):
            try:
                image.seek(frame)
            except EOFError:
                return
            except _UNREADABLE:
                yield Code.CORRUPT
                return
            yield Code.TOO_MANY_PIXELS if image.width * image.height > max_pixels else None


def _why_unopened(path: Path, error: Exception, max_pixels: int) -> Code:
    """Too many pixels; else raises MemoryError, or RejectedError for a damaged file.

    Only WebP takes memory for its pixels when it is opened, and says nothing of the cause when there is none.
    """
    with path.open("rb") as file:
        size_px = _webp_size_px(file.read(_WEBP_HEAD_BYTES))
    if size_px and size_px[0] * size_px[1] > max_pixels:
        return Code.TOO_MANY_PIXELS
    if size_px and not _has_room_for_webp(*size_px):
        raise MemoryError
    raise RejectedError(f"{path.name}: not a picture that can be read ({error})") from error


def _webp_size_px(head: bytes) -> tuple[int, int] | None:
    """Width and height by the first chunk of a WebP file (RFC 9649, 2.5 to 2.7); None where it has none."""
    if len(head) < _WEBP_HEAD_BYTES or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8X":
            return (1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (1 + (bits & _WEBP_SIDE), 1 + (bits >> 14 & _WEBP_SIDE))
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return (width & _WEBP_SIDE, height & _WEBP_SIDE)
    return None


def _has_room_for_webp(width_px: int, height_px: int) -> bool:
    """Whether the two canvases of four bytes a pixel that its decoder makes would fit into memory."""
    try:
        canvases = [bytearray(4 * width_px * height_px) for _ in range(2)]
    except MemoryError:
        return False
    return len(canvases) == 2


def _pages(picture: _ImageFile) -> Iterator[Page | int]:
    for number, problem in enumerate(picture.problems, start=1):
        if problem is None:
            yield number
        else:
            yield Page(number=number, text="", source=TextSource.FAILED, reason=problem.value)


def _render(picture: _ImageFile, number: int, folder: Path) -> Path:
    """Decode a frame into an upright grey PGM of at most 40 million pixels. Raises OCRError."""
    target = folder / f"page-{number:05d}.pgm"
    try:
        with _opened(picture.path) as image:
            image.seek(number - 1)
            grey = _grey(image)
            if is_blank(grey):
                grey = _colours_apart(picture.path, number - 1) or grey
            _upright(_square(grey, image), image).save(target, format="PPM")
    except _UNREADABLE as error:
        target.unlink(missing_ok=True)
        raise OCRError(
            f"{picture.path.name}, page {number}: cannot be decoded ({error})",
            retry_allowed=False,
            code=Code.CORRUPT if len(picture.problems) == 1 else Code.OCR_FAILED,
        ) from error
    return target


def _grey(image: Image.Image) -> Image.Image:
    width_px, height_px = image.size
    shrink = _shrink(image.size)
    # A JPEG can be decoded smaller, and without its colours; for others a draft is none.
    image.draft("L", (width_px // shrink, height_px // shrink))
    grey = to_grey(image)
    rest = math.ceil(shrink * grey.width / width_px)
    return grey if rest == 1 else grey.reduce(rest)


def _shrink(size_px: tuple[int, int]) -> int:
    width_px, height_px = size_px
    excess = max(math.sqrt(width_px * height_px / _MAX_OCR_PIXELS), max(size_px) / _MAX_SIDE_PX)
    return max(1, math.ceil(excess))


def _colours_apart(path: Path, frame: int) -> Image.Image | None:
    """The colour channel in which something stands out, for letters as bright as their ground; else None.

    A JPEG that was decoded without its colours is decoded again.
    """
    with _opened(path) as image:
        image.seek(frame)
        if image.mode not in _COLOURED:
            return None
        shrink = _shrink(image.size)
        colours = (image if shrink == 1 else image.reduce(shrink)).convert("RGB").split()
        telling = [colour for colour in colours if not is_blank(colour)]
        return max(telling, key=lambda colour: ImageStat.Stat(colour).stddev[0], default=None)


def _square(picture: Image.Image, original: Image.Image) -> Image.Image:
    """The picture with pixels as wide as high: a fax has half as many lines an inch as columns."""
    across, down = (float(dpi) for dpi in original.info.get("dpi", (1, 1)))
    if min(across, down) < _LEAST_FAX_DPI or not _FAX_RATIO <= max(across, down) / min(across, down) <= 3:
        return picture
    width_px, height_px = picture.size
    if across > down:
        return picture.resize((width_px, round(height_px * across / down)), Image.Resampling.BICUBIC)
    return picture.resize((round(width_px * down / across), height_px), Image.Resampling.BICUBIC)


def _preview(picture: _ImageFile, frame: int) -> Image.Image | None:
    """The frame as upright sRGB, at most 1024 px on its longer side; None if it cannot be decoded."""
    with suppress(*_UNREADABLE), _opened(picture.path) as image:
        image.seek(frame)
        image.draft("RGB", (_PREVIEW_PX, _PREVIEW_PX))
        small = _scalable(image)
        small.thumbnail((_PREVIEW_PX, _PREVIEW_PX), Image.Resampling.LANCZOS)
        coloured = on_paper(small) if small.has_transparency_data else _srgb(small)
        return _upright(_square(coloured, image), image)
    return None


def _scalable(image: Image.Image) -> Image.Image:
    """The picture with eight bits a channel, the only kind whose pixels can be averaged."""
    if image.mode.startswith(_DEEP_MODES):
        return to_grey(image)
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _srgb(image: Image.Image) -> Image.Image:
    """RGB by the picture's own colour profile, if it has one that makes sense."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        with suppress(ImageCms.PyCMSError, *_UNREADABLE):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
    return image.convert("RGB")


def _upright(picture: Image.Image, original: Image.Image) -> Image.Image:
    """The picture turned as the EXIF block of the (decoded) original says; a damaged block says nothing."""
    with suppress(*_UNREADABLE):
        turn = _TURNS.get(original.getexif().get(ExifTags.Base.Orientation, 1))
        return picture if turn is None else picture.transpose(turn)
    return picture


def _opened(path: Path) -> Image.Image:
    return Image.open(path, formats=_FORMATS)
