"""Frames of image files decoded: upright and in grey for OCR, small and in sRGB for the preview."""

from __future__ import annotations

import io
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image, ImageCms, ImageStat

from worker.extract.image.blank_page import is_blank
from worker.extract.image.decoders import DECODER_ERRORS, FORMATS
from worker.extract.image.grayscale import flatten_transparency, to_grey
from worker.extract.image.truncated import load_part, open_part

_MAX_OCR_PIXELS = 40_000_000
_MAX_SIDE_PX = 32_000
"""Tesseract refuses sides over 32767 px."""
_PREVIEW_PX = 1024
_MIN_FAX_DPI = 50
_FAX_RATIO = 1.5
"""A fax has half as many lines an inch as columns."""
_COLOUR_MODES = ("RGB", "RGBX", "RGBA", "CMYK", "YCbCr", "LAB", "P")
_DEEP_MODES = ("I", "F")
_ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation (Exif 2.32, tag 274); Pillow itself does it for TIFF."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnFrame:
    """A frame upright and with its colours (mode 1, L or RGB), its format, and the resolution it states."""

    picture: Image.Image
    file_format: str
    dpi: tuple[float, float]


def decode_page(path: Path, frame: int, *, part: bool = False) -> Image.Image:
    """A frame upright and in 8-bit grey, of at most 40 million pixels; raises one of DECODER_ERRORS.

    With `part`, as much of a damaged frame as can be decoded, the rest cut off.
    """
    with _open(path, part=part) as image:
        image.seek(frame)
        grey = _decode_grey(image, path, part=part)
        if is_blank(grey):
            grey = _most_legible_channel(path, frame, part=part) or grey
        return _rotate_upright(_equalise_resolution(grey, image), image)


def decode_preview(path: Path, frame: int, *, part: bool = False) -> Image.Image:
    """A frame upright and in sRGB, at most 1024 px on its longer side; raises one of DECODER_ERRORS."""
    with _open(path, part=part) as image:
        image.seek(frame)
        image.draft("RGB", (_PREVIEW_PX, _PREVIEW_PX))
        small = _to_8_bit_channels(load_part(image, path) if part else image)
        small.thumbnail((_PREVIEW_PX, _PREVIEW_PX), Image.Resampling.LANCZOS)
        rgb = flatten_transparency(small) if small.has_transparency_data else _to_srgb(small)
        return _rotate_upright(_equalise_resolution(rgb, image), image)


def decode_drawn(path: Path, frame: int, *, part: bool = False) -> DrawnFrame:
    """A frame as it looks, in all its pixels; raises one of DECODER_ERRORS."""
    with _open(path, part=part) as image:
        image.seek(frame)
        loaded = load_part(image, path) if part else image
        loaded.load()
        if loaded.has_transparency_data:
            drawn = flatten_transparency(_to_8_bit_channels(loaded))
        else:
            drawn = loaded.copy() if loaded.mode in ("1", "L") else _to_srgb(_to_8_bit_channels(loaded))
        upright = _rotate_upright(drawn, image)
        across, down = (float(dpi) for dpi in image.info.get("dpi", (0, 0)))
        dpi = (
            (across, down)
            if (upright.width > upright.height) == (drawn.width > drawn.height)
            else (down, across)
        )
        return DrawnFrame(picture=upright, file_format=image.format or "", dpi=dpi)


def _open(path: Path, *, part: bool) -> Image.Image:
    return open_part(path) if part else Image.open(path, formats=FORMATS)


def _decode_grey(image: Image.Image, path: Path, *, part: bool) -> Image.Image:
    width_px, height_px = image.size
    factor = _reduction_factor(image.size)
    # A JPEG is decoded smaller, and without its colours; for other formats this does nothing.
    image.draft("L", (width_px // factor, height_px // factor))
    grey = to_grey(load_part(image, path) if part else image)
    remaining = math.ceil(factor * grey.width / width_px)
    return grey if remaining == 1 else grey.reduce(remaining)


def _reduction_factor(size_px: tuple[int, int]) -> int:
    width_px, height_px = size_px
    excess = max(math.sqrt(width_px * height_px / _MAX_OCR_PIXELS), max(size_px) / _MAX_SIDE_PX)
    return max(1, math.ceil(excess))


def _most_legible_channel(path: Path, frame: int, *, part: bool) -> Image.Image | None:
    """The colour channel with the most contrast; None where all are blank.

    In grey, characters as bright as their background vanish. The frame is decoded again: a JPEG was decoded
    without its colours.
    """
    with _open(path, part=part) as image:
        image.seek(frame)
        if image.mode not in _COLOUR_MODES:
            return None
        factor = _reduction_factor(image.size)
        loaded = load_part(image, path) if part else image
        channels = (loaded if factor == 1 else loaded.reduce(factor)).convert("RGB").split()
        legible = [channel for channel in channels if not is_blank(channel)]
        return max(legible, key=lambda channel: ImageStat.Stat(channel).stddev[0], default=None)


def _equalise_resolution(picture: Image.Image, original: Image.Image) -> Image.Image:
    """The picture with pixels as wide as high, by the resolutions that the original states."""
    across, down = (float(dpi) for dpi in original.info.get("dpi", (1, 1)))
    if min(across, down) < _MIN_FAX_DPI or not _FAX_RATIO <= max(across, down) / min(across, down) <= 3:
        return picture
    width_px, height_px = picture.size
    if across > down:
        return picture.resize((width_px, round(height_px * across / down)), Image.Resampling.BICUBIC)
    return picture.resize((round(width_px * down / across), height_px), Image.Resampling.BICUBIC)


def _to_8_bit_channels(image: Image.Image) -> Image.Image:
    """The image with eight bits a channel, the only kind whose pixels can be averaged."""
    if image.mode.startswith(_DEEP_MODES):
        return to_grey(image)
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _to_srgb(image: Image.Image) -> Image.Image:
    """RGB by the image's own colour profile; without one, or with a damaged one, as it is."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        with suppress(ImageCms.PyCMSError, *DECODER_ERRORS):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
    return image.convert("RGB")


def _rotate_upright(picture: Image.Image, original: Image.Image) -> Image.Image:
    """The picture rotated as the EXIF block of the (decoded) original says; a damaged block is ignored."""
    with suppress(*DECODER_ERRORS):
        rotation = _ROTATIONS.get(original.getexif().get(ExifTags.Base.Orientation, 1))
        return picture if rotation is None else picture.transpose(rotation)
    return picture
