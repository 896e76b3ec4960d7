"""What a PDF has beside its pages."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import raw_pdf, stream
from worker.errors import Code
from worker.extract.pdf.unread_parts import unread_parts

pytestmark = pytest.mark.unit


def _unread(folder: Path, catalogue: bytes, *, dynamic: bytes = b"required") -> tuple[Code, ...]:
    configuration = b"<config><dynamicRender>%s</dynamicRender></config>" % dynamic
    path = raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            4: stream(configuration),
            5: stream(b"<xdp/>"),
        },
    )
    return unread_parts(pypdfium2.PdfDocument(path))


_PACKETS = b"/AcroForm<</Fields[]/XFA[(preamble) 5 0 R(config) 4 0 R]>>"


@pytest.mark.parametrize(
    ("catalogue", "codes"),
    [
        (b"", ()),
        (b"/AcroForm<</Fields[]>>", ()),
        (b"/NeedsRendering true/AcroForm<</Fields[]/XFA 5 0 R>>", (Code.DYNAMIC_FORM,)),
        (_PACKETS, (Code.DYNAMIC_FORM,)),
        (b"/AcroForm<</Fields[]/XFA 5 0 R>>", ()),
    ],
    ids=["none", "a form", "needs rendering", "by its packets", "a static form"],
)
def test_forms_that_a_program_draws_are_named(
    tmp_path: Path, catalogue: bytes, codes: tuple[Code, ...]
) -> None:
    assert _unread(tmp_path, catalogue) == codes


def test_a_form_that_must_not_be_drawn_is_static(tmp_path: Path) -> None:
    assert _unread(tmp_path, _PACKETS, dynamic=b"forbidden") == ()
