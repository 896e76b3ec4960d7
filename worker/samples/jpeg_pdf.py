"""Writer of PDFs whose pages are unchanged JPEGs, one page at a time, as scanners do.

reportlab would keep all pages in memory and encode each as ASCII85, a quarter larger. The part of the format
needed here is small: ISO 32000-1, 7.5 (file structure) and 8.9.5 (image dictionaries).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

_CATALOG, _PAGE_TREE, _FIRST_PAGE = 1, 2, 3
_OBJECTS_A_PAGE = 3


def write_jpeg_pdf(
    path: Path, jpegs: Iterable[bytes], *, size_px: tuple[int, int], size_pt: tuple[float, float]
) -> None:
    """Write one page per grayscale JPEG, all of `size_px`, each filling a page of `size_pt`."""
    with path.open("wb") as file:
        file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        offsets = {_CATALOG: file.tell()}
        file.write(_object(_CATALOG, f"<< /Type /Catalog /Pages {_PAGE_TREE} 0 R >>"))
        kids = []
        for index, jpeg in enumerate(jpegs):
            first = _FIRST_PAGE + index * _OBJECTS_A_PAGE
            for number, content in enumerate(_page(first, jpeg, size_px, size_pt), start=first):
                offsets[number] = file.tell()
                file.write(content)
            kids.append(f"{first} 0 R")
        # The page tree comes last: the number of pages is known only now.
        offsets[_PAGE_TREE] = file.tell()
        tree = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
        file.write(_object(_PAGE_TREE, tree))
        _write_trailer(file, offsets)


def _page(
    number: int, jpeg: bytes, size_px: tuple[int, int], size_pt: tuple[float, float]
) -> tuple[bytes, bytes, bytes]:
    width_pt, height_pt = size_pt
    page = (
        f"<< /Type /Page /Parent {_PAGE_TREE} 0 R /MediaBox [0 0 {width_pt} {height_pt}] "
        f"/Contents {number + 1} 0 R /Resources << /XObject << /Scan {number + 2} 0 R >> >> >>"
    )
    drawing = f"q {width_pt} 0 0 {height_pt} 0 0 cm /Scan Do Q".encode()
    picture = (
        f"/Type /XObject /Subtype /Image /Width {size_px[0]} /Height {size_px[1]} "
        "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
    )
    return _object(number, page), _stream(number + 1, "", drawing), _stream(number + 2, picture, jpeg)


def _object(number: int, body: str) -> bytes:
    return f"{number} 0 obj\n{body}\nendobj\n".encode()


def _stream(number: int, entries: str, content: bytes) -> bytes:
    head = f"{number} 0 obj\n<< {entries} /Length {len(content)} >>\nstream\n".encode()
    return head + content + b"\nendstream\nendobj\n"


def _write_trailer(file: BinaryIO, offsets: dict[int, int]) -> None:
    start = file.tell()
    count = len(offsets) + 1
    file.write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
    for number in range(1, count):
        file.write(f"{offsets[number]:010d} 00000 n \n".encode())
    trailer = f"<< /Size {count} /Root {_CATALOG} 0 R >>"
    file.write(f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode())
