"""Pictures whose file ends too early, or is damaged: the part that is there, as every viewer shows it.

Pillow's own switch for this is one for the whole process, and leaves the missing part black. Here the decoder
stops where it must, and the rows that it has not written are cut off.
"""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.extract.image.decoders import DECODER_ERRORS, FORMATS

_Flags = NDArray[np.bool_]
_Passes = tuple[tuple[int, int], ...]

_END_OF_JPEG = b"\xff\xd9"
_GREY = range(126, 131)
"""What the decoder of progressive JPEG leaves where it has no coefficients."""
_RIFF_HEADER_BYTES = 12
_MAX_PADDING_BYTES = 256 * 1024**2
_OTHER_PADDINGS = (b"\x80", b"\x01", b"\xff")
"""Some of them end the compressed data too early."""
_MIN_ROWS = 16
"""The height of a line of small characters; less cannot be read."""
_GIF_PASSES: _Passes = ((0, 8), (4, 8), (2, 4), (1, 2))
_PNG_PASSES: _Passes = ((0, 2), (1, 2))
"""First row and step; the passes of PNG before the last one are whole in all rows only together."""


def open_part(path: Path) -> Image.Image:
    """Open a picture so that `load_part` can load it; raises one of DECODER_ERRORS where it has no header."""
    padded = _pad_webp(path, b"\0")
    if padded is not None:
        return Image.open(io.BytesIO(padded), formats=("WEBP",))
    image = Image.open(path, formats=FORMATS)
    if image.format == "JPEG" and image.info.get("progressive"):
        # All passes go over the whole picture, so that the decoder shows nothing before it knows of an end.
        image.close()
        return Image.open(io.BytesIO(path.read_bytes() + _END_OF_JPEG), formats=("JPEG",))
    return image


def load_part(image: Image.Image, path: Path) -> Image.Image:
    """The rows of an image from `open_part` that can be decoded; raises one of DECODER_ERRORS for too few."""
    order = _order_of_rows(image)
    try:
        image.load()
    except DECODER_ERRORS:
        # Without a tile left to decode, the image is what it is. Rows that were not written are zero.
        image.tile = []  # type: ignore[attr-defined]
        image.load()
        return _crop(image, np.any(_rows(image), axis=1), order)
    if image.format == "WEBP":
        return _crop(image, _rows_of_webp(image, path), None)
    if image.format == "JPEG":
        levels = np.asarray(image.convert("L"))
        is_grey = (levels.min(axis=1) >= _GREY[0]) & (levels.max(axis=1) <= _GREY[-1])
        return _crop(image, ~is_grey, None)
    return image


def _crop(image: Image.Image, is_there: _Flags, order: NDArray[np.int_] | None) -> Image.Image:
    """The rows from the first to the last one there is; of interlaced ones, those missing are repeated."""
    places = np.flatnonzero(is_there if order is None else is_there[order])
    if places.size < _MIN_ROWS:
        raise OSError("the file ends before the picture begins")
    if order is not None:
        return _repeat_rows(image, order, int(places[-1]) + 1)
    top, bottom = int(places[0]), int(places[-1]) + 1
    # Only what is written from below has its first rows missing.
    return image.crop((0, top if image.format == "BMP" else 0, image.width, bottom))


def _repeat_rows(image: Image.Image, order: NDArray[np.int_], count: int) -> Image.Image:
    """An interlaced image of whose rows, in this order, only so many were decoded."""
    decoded = np.sort(order[:count])
    nearest = decoded[np.maximum(np.searchsorted(decoded, np.arange(image.height), side="right") - 1, 0)]
    repeated = Image.fromarray(np.asarray(image)[nearest])
    if image.mode == "P":
        palette = image.getpalette()
        repeated = Image.frombytes("P", repeated.size, repeated.tobytes())
        if palette is not None:
            repeated.putpalette(palette)
    repeated.info = dict(image.info)
    return repeated


def _rows(image: Image.Image) -> NDArray[np.uint8]:
    pixels = np.asarray(image)
    return pixels.reshape(pixels.shape[0], -1)


def _order_of_rows(image: Image.Image) -> NDArray[np.int_] | None:
    """The rows as an interlaced image has them in its file; None where they are from top to bottom."""
    passes: _Passes | None = None
    with suppress(LookupError, TypeError, AttributeError):
        if image.format == "GIF" and image.tile[0][3][1]:  # type: ignore[attr-defined]
            passes = _GIF_PASSES
    if image.format == "PNG" and image.info.get("interlace"):
        passes = _PNG_PASSES
    if passes is None:
        return None
    return np.concatenate([np.arange(first, image.height, step) for first, step in passes])


def _rows_of_webp(image: Image.Image, path: Path) -> _Flags:
    """The rows that do not depend on what the file was padded with."""
    rows = _rows(image)
    for padding in _OTHER_PADDINGS:
        padded = _pad_webp(path, padding)
        if padded is None:
            break
        with suppress(*DECODER_ERRORS), Image.open(io.BytesIO(padded), formats=("WEBP",)) as other:
            changed = np.flatnonzero(np.any(_rows(other) != rows, axis=1))
            return np.arange(len(rows)) < (changed[0] if changed.size else len(rows))
    # Rows have about as many bytes each.
    size_bytes = path.stat().st_size
    missing = missing_webp_bytes(path.read_bytes()[:_RIFF_HEADER_BYTES], size_bytes)
    return np.arange(len(rows)) < len(rows) * size_bytes * 0.9 / (size_bytes + missing)


def missing_webp_bytes(head: bytes, size_bytes: int) -> int:
    """How many bytes a WebP file of this size is shorter than it says; 0 for others, too."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return 0
    return max(0, int.from_bytes(head[4:8], "little") + 8 - size_bytes)


def _pad_webp(path: Path, padding: bytes) -> bytes | None:
    """The bytes of a WebP file that is shorter than it says, made as long; None for others."""
    with path.open("rb") as file:
        head = file.read(_RIFF_HEADER_BYTES)
        missing = missing_webp_bytes(head, path.stat().st_size)
        return head + file.read() + padding * missing if 0 < missing <= _MAX_PADDING_BYTES else None
