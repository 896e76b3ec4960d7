"""Tiny pictures with a few characters, in every format, and a scan and a PDF of them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener

from worker.samples.documents import write_pdf
from worker.samples.fonts import Font
from worker.samples.jpeg_pdf import write_jpeg_pdf

_PICTURE_PX = (200, 64)
# At 200 dpi, at which the worker renders it, the page has the pixels of the picture.
_SCAN_PT = (72.0, 23.04)
_TEXT_PX = 30
_PASSWORD = "aoba-2025"


def picture(number: int, pillow_format: str) -> bytes:
    """A picture that shows a number."""
    file = io.BytesIO()
    _draw(number).save(file, pillow_format)
    return file.getvalue()


def scan(number: int) -> bytes:
    """A PDF of one tiny page without a text layer."""
    jpeg = picture(number, "JPEG")
    return _written(lambda path: write_jpeg_pdf(path, [jpeg], size_px=_PICTURE_PX, size_pt=_SCAN_PT))


def text_pdf(password: str | None = None) -> bytes:
    """A PDF of two pages with a text layer."""
    pages = ("Monthly report\nAll machines ran.", "Second page\nNothing else happened.")
    return _written(lambda path: write_pdf(path, pages, font=Font.VERA, password=password))


def encrypted_pdf() -> bytes:
    """A PDF that no password of the worker opens."""
    return text_pdf(_PASSWORD)


def register_heic() -> None:
    """Let Pillow write HEIC."""
    register_heif_opener()


def _draw(number: int) -> Image.Image:
    image = Image.new("RGB", _PICTURE_PX, (255, 255, 255 - number % 32))
    ImageDraw.Draw(image).text((12, 14), f"No {number}", fill=(0, 0, 0), font_size=_TEXT_PX)
    return image


def _written(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.pdf"
        write(path)
        return path.read_bytes()
