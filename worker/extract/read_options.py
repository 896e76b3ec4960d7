"""ReadOptions: how documents are read, and the limits of one document."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of one document. Sizes in bytes, times in seconds, images in pixels.

    `max_pages` is for the pages that need OCR; text layers are read beyond it. Files within the document are
    read up to `max_members` in all, `max_depth` in one another, and `max_unpacked_bytes` together.
    """

    max_file_bytes: int
    max_pixels: int
    max_text_chars: int
    page_timeout_s: float
    document_timeout_s: float
    document_timeout_per_page_s: float
    memory_bytes: int
    cpu_s: int
    output_bytes: int
    max_pages: int = 2_000
    max_members: int = 5_000
    max_depth: int = 8
    max_unpacked_bytes: int = 2 * 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadOptions:
    """Everything that the text of a document depends on, and the limits.

    `ocr_engine` is auto, tesseract or tesserocr; `second_pass` is auto, on or off: lines under a confidence
    (0..100) are read again, so many of a page and of so many pixels in all. With `office_thumbnails`
    LibreOffice draws the first page of Office files.
    """

    limits: Limits
    languages: tuple[str, ...]
    dpi: int
    embed_pdf_pictures: bool = False
    office_thumbnails: bool = True
    pdf_passwords: tuple[str, ...] = field(default=(), repr=False)
    ocr_engine: str = "auto"
    second_pass: str = "auto"
    second_pass_confidence: float = 90.0
    second_pass_max_lines: int = 40
    second_pass_max_pixels: int = 1_000_000
