"""UserUnit: how many points one unit of a PDF page is (PDF 32000-1, table 30)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pikepdf

# What Acrobat allows; with it a page may be 240 miles wide.
_MAX_USER_UNIT = 75_000
# Far deeper than programs build a tree of pages; one that contains itself has no end.
_MAX_DEPTH = 50
_MAX_NODES = 200_000
_END = object()


def user_units(path: Path, *, max_pages: int) -> list[float]:
    """The unit of each page in points, 1 where it does not say; empty where the file cannot be parsed."""
    # pdfium and poppler both ignore the entry and give no access to a page's dictionary, but qpdf does.
    try:
        # Inherited attributes are of no use here, and resolving them copies a page for each time it is named.
        with pikepdf.open(path, suppress_warnings=True, inherit_page_attributes=False) as pdf:
            return [_unit(page) for page in islice(_pages(pdf.Root), max_pages)]
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError):
        # RuntimeError is how qpdf reports a contradiction of its own, such as a count that is wrong.
        return []


def _pages(catalog: pikepdf.Object) -> Iterator[object]:
    """The leaves of the tree of pages, missing ones too, so that they are counted as pdfium counts them."""
    waiting: list[Iterator[object]] = [iter([catalog.get("/Pages")])]
    for _ in range(_MAX_NODES):
        node = next(waiting[-1], _END)
        if node is _END:
            waiting.pop()
            if not waiting:
                return
        elif (kids := _kids(node)) is not None and len(waiting) < _MAX_DEPTH:
            waiting.append(iter(kids))
        else:
            yield node


def _kids(node: object) -> pikepdf.Array | None:
    kids = node.get("/Kids") if isinstance(node, pikepdf.Dictionary) else None
    return kids if isinstance(kids, pikepdf.Array) else None


def _unit(page: object) -> float:
    unit: object = page.get("/UserUnit") if isinstance(page, pikepdf.Dictionary) else None
    if isinstance(unit, int | Decimal) and 1 <= unit <= _MAX_USER_UNIT:
        return float(unit)
    return 1.0
