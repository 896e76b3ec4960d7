"""Pages of a PDF as grey pictures for OCR: pdftoppm through pdf2image, one process a page.

How large the picture will be is settled before anything is drawn.
"""

from __future__ import annotations

import errno
import math
import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pdf2image import convert_from_path
from pdf2image.exceptions import (
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
    PopplerNotInstalledError,
)
from PIL import Image

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.disk_space import full_disk
from worker.extract.image.blank_page import is_blank
from worker.extract.read_options import ReadOptions

_POINTS_PER_INCH = 72
_MAX_OCR_PIXELS = 40_000_000
"""A2 at 300 dpi; what is larger is drawn coarser, recognising it would outlast the page's time."""
_MAX_SIDE_PX = 32_000
"""Tesseract refuses sides over 32767 px."""
_SHEET_IN = 11.0
"""Letter; a page of this size is drawn at the resolution that Tesseract is told, or it mixes up columns."""
_WHITE = 255
_USER_UNIT = re.compile(rb"/UserUnit[\s\x00]+(\d{1,9}(?:\.\d{0,9})?)")
_MAX_USER_UNIT = 75_000
"""What Acrobat allows; with it a page may be 240 miles wide."""
_OBJECT_STREAM = re.compile(rb"/ObjStm\b")
_STREAM_START = re.compile(rb"\bstream\r?\n")
_STARTS_WITHIN_BYTES = 300
_MAX_OBJECT_STREAMS = 500
_MAX_PACKED_BYTES = 256 * 1024
_MAX_OBJECTS_BYTES = 2 * 1024**2
"""One stream has 100 to 200 small objects as programs write them."""
_MIN_DPI = 50
"""Coarser than this, ordinary letters are 7 px high and cannot be read."""


Region = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the drawn page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSize:
    """Width and height in points, turned as the page says; `finest`: pixels a point of its best picture.

    A scan may say that it is an inch high. Up to a sheet's worth of pixels it is drawn as fine as it is.
    """

    size_pt: tuple[float, float]
    finest: float = 0.0


def draw_page(path: Path, number: int, folder: Path, *, size: PageSize, options: ReadOptions) -> Path:
    """Draw a page as `page-<number>.pgm` in the folder, no finer than the options and the limits allow.

    Safe for threads. Raises OCRError (`too_many_pixels`, `timeout`, or `ocr_failed` where nothing could be
    drawn) and MisconfiguredError where poppler is missing.
    """
    what = f"{path.name}, page {number}"
    drawn = folder / f"page-{number:05d}.pgm"
    long_side_px = _long_side_px(size, options, what)
    try:
        with _translated_errors(what):
            convert_from_path(
                path,
                size=long_side_px,
                first_page=number,
                last_page=number,
                output_folder=folder,
                output_file=drawn.stem,
                single_file=True,
                use_cropbox=True,
                grayscale=True,
                paths_only=True,
                timeout=math.ceil(options.limits.page_timeout_s),
            )
    except OCRError:
        drawn.unlink(missing_ok=True)
        raise
    if not drawn.is_file():
        raise OCRError(f"{what}: pdftoppm drew nothing; the page may be damaged") from full_disk(folder)
    if not _is_whole(drawn):
        # pdf2image does not look how the program ended; half a page would pass for a short one.
        cause = full_disk(folder)
        drawn.unlink()
        raise OCRError(f"{what}: pdftoppm ended in the middle of the page") from cause
    return drawn


def _is_whole(drawn: Path) -> bool:
    """Whether a grey picture (P5, one byte a pixel) is as long as its header says."""
    with drawn.open("rb") as file:
        header = file.read(64).split(maxsplit=4)[:4]
    if len(header) < 4 or header[0] != b"P5" or not (header[1].isdigit() and header[2].isdigit()):
        return False
    return drawn.stat().st_size > int(header[1]) * int(header[2])


def user_unit(path: Path) -> float:
    """How many points the unit of a document's pages is (PDF 32000-1, table 30), 1 where it does not say.

    pdfium and poppler both leave it out, so it is looked for in the file, then in its object streams (7.5.7)
    unless those are encrypted. The first one counts for all pages.
    """
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            return 1.0
        with data:
            found = _USER_UNIT.search(data) or _packed_unit(data)
            unit = float(found[1]) if found else 1.0
    return unit if 1.0 <= unit <= _MAX_USER_UNIT else 1.0


def _packed_unit(data: mmap.mmap) -> re.Match[bytes] | None:
    # Those without a start count too: a file may hold nothing but the word.
    for stream in islice(_OBJECT_STREAM.finditer(data), _MAX_OBJECT_STREAMS):
        start = _STREAM_START.search(data, stream.end(), stream.end() + _STARTS_WITHIN_BYTES)
        if start is None:
            continue
        packed = data[start.end() : start.end() + _MAX_PACKED_BYTES]
        with suppress(zlib.error):  # encrypted, or packed in another way
            objects = zlib.decompressobj().decompress(packed, _MAX_OBJECTS_BYTES)
            if found := _USER_UNIT.search(objects):
                return found
    return None


def mask_outside(drawn: Path, regions: Sequence[Region], *, without: Sequence[Region]) -> None:
    """Blank a drawn page but for some regions, and in those what is told by others already.

    A region that shows nothing, whatever its grey, is left out too.
    """
    with Image.open(drawn) as page:
        page.load()
        kept = Image.new("L", page.size, _WHITE)
    for region in regions:
        left, top, right, bottom = region
        if right > left and bottom > top:
            part = page.crop(region)
            for x_px, y_px, right_px, bottom_px in without:
                part.paste(_typical(part), (x_px - left, y_px - top, right_px - left, bottom_px - top))
            if not is_blank(part):
                kept.paste(part, region)
    kept.save(drawn)


def _typical(grey: Image.Image) -> int:
    return max(range(256), key=grey.histogram().__getitem__)


def _long_side_px(size: PageSize, options: ReadOptions, what: str) -> int:
    width_in, height_in = (max(side_pt, 1.0) / _POINTS_PER_INCH for side_pt in size.size_pt)
    long_side_in = max(width_in, height_in)
    pixels = min(_MAX_OCR_PIXELS, options.limits.max_pixels)
    most_dpi = min(math.sqrt(pixels / (width_in * height_in)), _MAX_SIDE_PX / long_side_in)
    if most_dpi < _MIN_DPI:
        raise OCRError(
            f"{what}: {width_in:.0f} x {height_in:.0f} inches cannot be drawn legibly in {pixels} pixels",
            retry_allowed=False,
            code=Code.TOO_MANY_PIXELS,
        )
    own_px = min(size.finest * max(size.size_pt), _SHEET_IN * options.dpi)
    return max(1, round(min(max(long_side_in * options.dpi, own_px), long_side_in * most_dpi)))


@contextmanager
def _translated_errors(what: str) -> Iterator[None]:
    try:
        yield
    except PDFPopplerTimeoutError as error:
        raise OCRError(f"{what}: not drawn within the time of one page", code=Code.TIMEOUT) from error
    except (PDFPageCountError, PDFSyntaxError) as error:
        raise OCRError(f"{what}: cannot be drawn; the file may be damaged") from error
    except (PopplerNotInstalledError, OSError) as error:
        # pdf2image says "not installed" to any failure to start a program, a lack of memory too.
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, OSError) and cause.errno != errno.ENOENT:
            raise OCRError(f"{what}: pdftoppm could not be started ({cause})") from error
        raise MisconfiguredError(
            "The programs pdfinfo and pdftoppm are not on the PATH; install poppler-utils.",
            code=Code.PROGRAM_MISSING,
        ) from error
