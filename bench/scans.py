"""Scans for the rows: of any length, each file with bytes of its own."""

from __future__ import annotations

import io
from pathlib import Path

from pypdfium2 import PdfDocument

from worker.samples.scans import write_scan

_DRAWN_PAGES = 60
"""Longer scans repeat these: rendering 600 pages takes longer than reading 200."""


def scan(home: Path, pages: int) -> bytes:
    """A Japanese scan of full pages."""
    path = home / f"scan-{pages}.pdf"
    drawn = min(pages, _DRAWN_PAGES)
    write_scan(path, drawn)
    return _repeat(path, drawn, pages)


def scan_of_headings(home: Path, pages: int) -> bytes:
    """A scan of full-size pages with a heading and a page number each, which take little OCR."""
    path = home / f"headings-{pages}.pdf"
    drawn = min(pages, _DRAWN_PAGES)
    write_scan(path, drawn, body=False)
    return _repeat(path, drawn, pages)


def unlike(data: bytes, number: int) -> bytes:
    """The same file with other bytes, so that the stored result of the first is not reused."""
    return data + f"\n% {number}\n".encode()


def _repeat(path: Path, drawn: int, pages: int) -> bytes:
    if drawn == pages:
        return path.read_bytes()
    with PdfDocument(path) as first, PdfDocument.new() as whole, io.BytesIO() as file:
        whole.import_pages(first, [number % drawn for number in range(pages)])
        whole.save(file)
        return file.getvalue()
