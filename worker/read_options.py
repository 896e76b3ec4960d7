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
    """How documents are read: all that decides what text comes out, and the limits."""

    limits: Limits
    languages: tuple[str, ...]
    dpi: int
    embed_pdf_pictures: bool = False
    pdf_passwords: tuple[str, ...] = field(default=(), repr=False)
