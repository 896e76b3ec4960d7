"""Scans for the rows: of any length, each file with bytes of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from pypdfium2 import PdfDocument

from worker.local.samples.jpeg_pdf import write_jpeg_pdf
from worker.local.samples.scan_texts import ScanPage, scan_page
from worker.local.samples.scans import draw_page, write_scan

_DRAWN_PAGES = 60
"""Longer scans repeat these: drawing 600 pages would take longer than reading a third of them."""
_DPI = 200
_A4_PT = (595.28, 841.89)
_NOISE_SIGMA = 5.0
_JPEG_QUALITY = 75


def scan(home: Path, pages: int) -> bytes:
    """A Japanese scan of full pages."""
    path = home / f"scan-{pages}.pdf"
    drawn = min(pages, _DRAWN_PAGES)
    write_scan(path, drawn)
    return _repeated(path, drawn, pages)


def scan_of_headings(home: Path, pages: int) -> bytes:
    """A scan whose pages are drawn as large as any and read quickly: a heading and a page number each."""
    path = home / f"headings-{pages}.pdf"
    drawn = min(pages, _DRAWN_PAGES)
    first = draw_page(_heading(1), language="jpn", dpi=_DPI)
    write_jpeg_pdf(path, _headings(drawn), size_px=first.size, size_pt=_A4_PT)
    return _repeated(path, drawn, pages)


def unlike(data: bytes, number: int) -> bytes:
    """Bytes of its own, or the second file would be given the first one's result."""
    return data + f"\n% {number}\n".encode()


def _heading(number: int) -> ScanPage:
    return replace(scan_page(number, seed=0, language="jpn"), paragraphs=())


def _headings(count: int) -> Iterator[bytes]:
    chance = np.random.default_rng(0)
    for number in range(1, count + 1):
        page = np.asarray(draw_page(_heading(number), language="jpn", dpi=_DPI))
        grain = chance.standard_normal(page.shape, dtype=np.float32) * _NOISE_SIGMA
        file = io.BytesIO()
        noisy = Image.fromarray(np.clip(page + grain, 0, 255).astype(np.uint8))
        noisy.save(file, "JPEG", quality=_JPEG_QUALITY, dpi=(_DPI, _DPI))
        yield file.getvalue()


def _repeated(path: Path, drawn: int, pages: int) -> bytes:
    if drawn == pages:
        return path.read_bytes()
    with PdfDocument(path) as first, PdfDocument.new() as whole, io.BytesIO() as file:
        whole.import_pages(first, [number % drawn for number in range(pages)])
        whole.save(file)
        return file.getvalue()
