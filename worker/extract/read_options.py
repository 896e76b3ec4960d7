"""How documents are read: what decides the text that comes out, and what one of them may cost."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one document may cost. Sizes in bytes, times in seconds, pictures in pixels.

    `max_pages` are the pages of a document that may be recognised; text layers are read beyond it.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadOptions:
    """How documents are read: all that decides what text comes out, and the limits.

    `OCR engine` is auto, tesseract or tesserocr; `second_pass` is auto, on or off: unsure lines, under a
    confidence of 0..100, are read again within so many CPU seconds a page. `office_thumbnails` lets
    LibreOffice draw the first page of Office files.
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
    second_pass_budget_s: float = 1.0
