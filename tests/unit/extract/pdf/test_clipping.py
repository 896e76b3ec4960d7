"""The boxes of clipping paths."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from tests.stand_ins.made_pdfs import one_page
from worker.extract.pdf.clipping import clipping_boxes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("clipping", "expected"),
    [
        (b"10 20 30 40 re W n", [(10, 20, 40, 60)]),
        (b"1 0 0 1 5 5 cm 0 0 30 40 re W* n", [(5, 5, 35, 45)]),
        (b"10 20 m 50 20 l 30 90 l h W n", [(10, 20, 50, 90)]),
        (b"0 0 900 900 re W n", []),
        (b"0 0 m " + b"1 1 l 2 2 l " * 200 + b"W n", []),
    ],
    ids=["a rectangle", "moved", "a triangle", "around everything", "a shape of many points"],
)
def test_the_box_is_around_the_path_and_absent_where_nothing_is_cut_by_it(
    tmp_path: Path, clipping: bytes, expected: list[tuple[float, ...]]
) -> None:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    content = clipping + b" BT /F 12 Tf 200 300 Td (text) Tj ET"
    page = pypdfium2.PdfDocument(one_page(tmp_path, content, b"/Font<</F 5 0 R>>", {5: font}))[0]

    found = list(clipping_boxes(pdfium.FPDFPageObj_GetClipPath(pdfium.FPDFPage_GetObject(page, 0))))

    assert found == expected
