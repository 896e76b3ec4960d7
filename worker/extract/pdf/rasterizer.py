"""Pages of a PDF rendered as grayscale images for OCR: pdftoppm through pdf2image, one process a page."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from worker.extract.image.grayscale import most_common_shade
from worker.extract.read_options import ReadOptions

_POINTS_PER_INCH = 72
# A2 at 300 dpi; larger pages are rendered at a lower resolution, or OCR would outlast the page's time.
_MAX_OCR_PIXELS = 40_000_000
# Tesseract refuses sides over 32767 px.
_MAX_SIDE_PX = 32_000
# Letter. Up to this size a page is rendered at the resolution passed to Tesseract, or it mixes up columns.
_SHEET_IN = 11.0
# The side of a square; A2.
_POSTER_PT = 1_400.0
_WHITE = 255
# Below this, ordinary characters are 7 px high and cannot be read.
_MIN_DPI = 50
# The size of characters that are read well, and of the smallest that can be read at all.
_CHARACTER_PX, _MIN_CHARACTER_PX = 30.0, 8.0

Region = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the rendered page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSize:
    """Width and height in points as shown (rotated), and the pixels a point of its densest picture.

    `letters_pt` is the size of its smallest letters; 0 where that is not known.
    """

    size_pt: tuple[float, float]
    max_density: float = 0.0
    letters_pt: float = 0.0

    @property
    def is_poster(self) -> bool:
        """Whether a page may be too large to be drawn at the resolution of others."""
        return self.size_pt[0] * self.size_pt[1] > _POSTER_PT**2


def render_page(path: Path, number: int, folder: Path, *, size: PageSize, options: ReadOptions) -> Path:
    """Render a page as `page-<number>.pgm` in the folder, at the resolution that options and limits allow.

    Safe for threads. Raises OCRError (`too_many_pixels`, `timeout`, or `ocr_failed` where nothing could be
    rendered) and MisconfiguredError where poppler is missing.
    """
    what = f"{path.name}, page {number}"
    image = folder / f"page-{number:05d}.pgm"
    long_side_px = _long_side_px(size, options, what)
    try:
        with _translate_errors(what):
            convert_from_path(
                path,
                size=long_side_px,
                first_page=number,
                last_page=number,
                output_folder=folder,
                output_file=image.stem,
                single_file=True,
                use_cropbox=True,
                grayscale=True,
                paths_only=True,
                timeout=math.ceil(options.limits.page_timeout_s),
            )
    except OCRError:
        image.unlink(missing_ok=True)
        raise
    if not image.is_file():
        raise OCRError(f"{what}: pdftoppm drew nothing; the page may be damaged") from full_disk(folder)
    if not _is_whole(image):
        # pdf2image ignores the exit status; half a page would pass for a short one.
        cause = full_disk(folder)
        image.unlink()
        raise OCRError(f"{what}: pdftoppm ended in the middle of the page") from cause
    return image


def _is_whole(image: Path) -> bool:
    """Whether a grayscale image (P5, one byte a pixel) is as long as its header says."""
    with image.open("rb") as file:
        header = file.read(64).split(maxsplit=4)[:4]
    if len(header) < 4 or header[0] != b"P5" or not (header[1].isdigit() and header[2].isdigit()):
        return False
    return image.stat().st_size > int(header[1]) * int(header[2])


def mask_outside(image: Path, regions: Sequence[Region], *, exclude: Sequence[Region]) -> None:
    """Blank a rendered page outside the regions, and inside them the regions to exclude.

    A region that is blank, whatever its shade, is blanked too.
    """
    with Image.open(image) as page:
        page.load()
        masked = Image.new("L", page.size, _WHITE)
    for region in regions:
        left, top, right, bottom = region
        if right > left and bottom > top:
            part = without(page.crop(region), region, exclude)
            if not is_blank(part):
                masked.paste(part, region)
    masked.save(image)


def without(picture: Image.Image, region: Region, excluded: Sequence[Region]) -> Image.Image:
    """The picture of a region of the page without the regions to exclude."""
    part = picture.copy()
    # Filled with the most common shade, which stays that, so that no edge appears where there was none.
    shade = most_common_shade(part) if excluded else _WHITE
    for left, top, right, bottom in excluded:
        part.paste(shade, (left - region[0], top - region[1], right - region[0], bottom - region[1]))
    return part


def _long_side_px(size: PageSize, options: ReadOptions, what: str) -> int:
    width_in, height_in = (max(side_pt, 1.0) / _POINTS_PER_INCH for side_pt in size.size_pt)
    long_side_in = max(width_in, height_in)
    pixels = min(_MAX_OCR_PIXELS, options.limits.max_pixels)
    max_dpi = min(math.sqrt(pixels / (width_in * height_in)), _MAX_SIDE_PX / long_side_in)
    if max_dpi < options.dpi and (size.max_density or size.letters_pt):
        return _long_side_of_poster(size, options, max_dpi, what)
    if max_dpi < _MIN_DPI:
        raise _illegible(size, options, what)
    # A scan may state a height of one inch: up to a sheet's worth of pixels it keeps its own resolution.
    own_px = min(size.max_density * max(size.size_pt), _SHEET_IN * options.dpi)
    return max(1, round(min(max(long_side_in * options.dpi, own_px), long_side_in * max_dpi)))


def _long_side_of_poster(size: PageSize, options: ReadOptions, max_dpi: float, what: str) -> int:
    """The pixels that the densest picture has, or that the smallest letters need, within the limit."""
    long_side_pt = max(size.size_pt)
    characters_px = size.letters_pt * max_dpi / _POINTS_PER_INCH
    if not size.max_density and characters_px < _MIN_CHARACTER_PX:
        raise _illegible(size, options, what)
    wanted_px = [size.max_density * long_side_pt, _SHEET_IN * options.dpi]
    if characters_px >= _MIN_CHARACTER_PX:
        wanted_px.append(_CHARACTER_PX / size.letters_pt * long_side_pt)
    return max(1, round(min(max(wanted_px), long_side_pt * max_dpi / _POINTS_PER_INCH)))


def _illegible(size: PageSize, options: ReadOptions, what: str) -> OCRError:
    width_in, height_in = (side_pt / _POINTS_PER_INCH for side_pt in size.size_pt)
    pixels = min(_MAX_OCR_PIXELS, options.limits.max_pixels)
    return OCRError(
        f"{what}: {width_in:.0f} x {height_in:.0f} inches cannot be drawn legibly in {pixels} pixels",
        retry_allowed=False,
        code=Code.TOO_MANY_PIXELS,
    )


@contextmanager
def _translate_errors(what: str) -> Iterator[None]:
    try:
        yield
    except PDFPopplerTimeoutError as error:
        raise OCRError(f"{what}: not drawn within the time of one page", code=Code.TIMEOUT) from error
    except (PDFPageCountError, PDFSyntaxError) as error:
        raise OCRError(f"{what}: cannot be drawn; the file may be damaged") from error
    except (PopplerNotInstalledError, OSError) as error:
        # pdf2image reports any failure to start a program as "not installed", a lack of memory too.
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, OSError) and cause.errno != errno.ENOENT:
            raise OCRError(f"{what}: pdftoppm could not be started ({cause})") from error
        raise MisconfiguredError(
            "The programs pdfinfo and pdftoppm are not on the PATH; install poppler-utils.",
            code=Code.PROGRAM_MISSING,
        ) from error
