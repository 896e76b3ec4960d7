"""Image files as documents: sizes are read from the headers first, frames are decoded one at a time."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from PIL import Image

from worker.errors import Code, OCRError, RejectedError
from worker.extract.image.decoders import DECODER_ERRORS, FORMATS
from worker.extract.image.decoding import decode_page, decode_preview
from worker.extract.image.truncated import load_part, missing_webp_bytes, open_part
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

_MAX_FRAMES = 10_000
"""The frames of a TIFF are a linked list, which may have no end."""
_WEBP_HEADER_BYTES = 30
_WEBP_SIDE_BITS = 0x3FFF


@dataclass(frozen=True, kw_only=True, slots=True)
class _ImageFile:
    """A file and, for each of its frames, why it is not decoded (None: it is)."""

    path: Path
    problems: tuple[Code | None, ...]
    cut: set[int] = field(default_factory=set)
    """The pages that were drawn without a part that the file does not have."""


def open_image(path: Path, options: ReadOptions) -> PageSource:
    """Read the headers only: a TIFF has a page a frame, other types have one; all pages need OCR.

    Raises RejectedError where no frame can be decoded: `corrupt`, or `too_many_pixels` (over `max_pixels`).
    """
    image_file = _ImageFile(path=path, problems=tuple(_frame_problems(path, options.limits.max_pixels)))
    first = next((frame for frame, problem in enumerate(image_file.problems) if problem is None), None)
    if first is None:
        raise RejectedError(
            f"{path.name}: has more than {options.limits.max_pixels} pixels", code=Code.TOO_MANY_PIXELS
        )
    return PageSource(
        page_count=len(image_file.problems),
        pages=_pages(image_file),
        render=lambda number, folder: _render(image_file, number, folder),
        preview=lambda: _preview(image_file, first),
        is_cut=image_file.cut.__contains__,
    )


def header_size_px(file: IO[bytes]) -> tuple[int, int] | None:
    """Width and height of an image by its header; None where the file is no image that can be read."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            return image.size
    except DECODER_ERRORS:
        file.seek(0)
        head = file.read(_WEBP_HEADER_BYTES)
        size_px = _webp_size_px(head)
        is_cut = size_px is not None and missing_webp_bytes(head, file.seek(0, os.SEEK_END)) > 0
        return size_px if size_px and (is_cut or not _has_memory_for_webp(*size_px)) else None


def _frame_problems(path: Path, max_pixels: int) -> Iterator[Code | None]:
    try:
        image = Image.open(path, formats=FORMATS)
    except DECODER_ERRORS as error:
        yield _rejection_code(path, error, max_pixels)
        return
    with image:
        frames = _MAX_FRAMES if image.format == "TIFF" else 1
        for frame in range(frames):
            try:
                image.seek(frame)
            except EOFError:
                return
            except DECODER_ERRORS:
                yield Code.CORRUPT
                return
            yield Code.TOO_MANY_PIXELS if image.width * image.height > max_pixels else None


def _can_read_part(path: Path) -> bool:
    with suppress(*DECODER_ERRORS), open_part(path) as image:
        return load_part(image, path).height > 0
    return False


def _rejection_code(path: Path, error: Exception, max_pixels: int) -> Code | None:
    """TOO_MANY_PIXELS, None for a WebP that is read in part; else raises MemoryError or RejectedError."""
    # Only WebP allocates memory for its pixels when it is opened, and its error does not name the cause.
    with path.open("rb") as file:
        size_px = _webp_size_px(file.read(_WEBP_HEADER_BYTES))
    if size_px and size_px[0] * size_px[1] > max_pixels:
        return Code.TOO_MANY_PIXELS
    if size_px and not _has_memory_for_webp(*size_px):
        raise MemoryError
    if size_px and _can_read_part(path):
        return None
    raise RejectedError(f"{path.name}: not an image that can be read ({error})") from error


def _webp_size_px(head: bytes) -> tuple[int, int] | None:
    """Width and height by the first chunk of a WebP file (RFC 9649, 2.5 to 2.7); None where it has none."""
    if len(head) < _WEBP_HEADER_BYTES or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8X":
            return (1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (1 + (bits & _WEBP_SIDE_BITS), 1 + (bits >> 14 & _WEBP_SIDE_BITS))
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return (width & _WEBP_SIDE_BITS, height & _WEBP_SIDE_BITS)
    return None


def _has_memory_for_webp(width_px: int, height_px: int) -> bool:
    """Whether the two canvases of four bytes a pixel that its decoder makes would fit into memory."""
    try:
        canvases = [bytearray(4 * width_px * height_px) for _ in range(2)]
    except MemoryError:
        return False
    return len(canvases) == 2


def _pages(image_file: _ImageFile) -> Iterator[Page | int]:
    for number, problem in enumerate(image_file.problems, start=1):
        if problem is None:
            yield number
        else:
            yield Page(number=number, text="", source=TextSource.FAILED, reason=problem.value)


def _render(image_file: _ImageFile, number: int, folder: Path) -> Path:
    """Draw a frame as a PGM, as much of it as can be decoded. Raises OCRError."""
    target = folder / f"page-{number:05d}.pgm"
    try:
        _decode(image_file, number).save(target, format="PPM")
    except DECODER_ERRORS as error:
        target.unlink(missing_ok=True)
        raise OCRError(
            f"{image_file.path.name}, page {number}: cannot be decoded ({error})",
            retry_allowed=False,
            code=Code.CORRUPT,
        ) from error
    return target


def _decode(image_file: _ImageFile, number: int) -> Image.Image:
    try:
        return decode_page(image_file.path, number - 1)
    except DECODER_ERRORS:
        page = decode_page(image_file.path, number - 1, part=True)
        image_file.cut.add(number)
        return page


def _preview(image_file: _ImageFile, frame: int) -> Image.Image | None:
    for part in (False, True):
        with suppress(*DECODER_ERRORS):
            return decode_preview(image_file.path, frame, part=part)
    return None
