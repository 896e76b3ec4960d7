"""Text that a page does not show is no part of its layer."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import SENTENCE, Draw, one_page, pdf, picture, stream, tree, write
from worker.extract.pdf.layer.text_layer import read_layer
from worker.extract.pdf.layer.visibility import remove_hidden_text

pytestmark = pytest.mark.unit

_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_SECRET = "KEYWORDS FOR MACHINES"


def _text(path: Path, *, has_hidden_groups: bool = False) -> str:
    return read_layer(pypdfium2.PdfDocument(path)[0], has_hidden_groups=has_hidden_groups).text


def _both(first: Draw, second: Draw) -> Draw:
    def draw(canvas: Canvas) -> None:
        first(canvas)
        second(canvas)

    return draw


_hidden = write(_SECRET, invisible=True, top=300)


@pytest.mark.parametrize(
    "draw",
    [
        _both(write("Shown"), _hidden),
        picture(60, 60, then=_both(write("Shown"), write(_SECRET, invisible=True, top=30))),
        picture(585, 832, then=_both(write(SENTENCE * 2, lines=20), _hidden)),
    ],
    ids=["nothing beneath", "beside a logo", "on the background of a designed page"],
)
def test_invisible_text_that_is_no_layer_of_a_scan_is_not_read(tmp_path: Path, draw: Draw) -> None:
    text = _text(pdf(tmp_path, draw))

    assert text
    assert _SECRET not in text


@pytest.mark.parametrize(
    "draw",
    [
        picture(585, 832, then=write(SENTENCE, lines=20, invisible=True)),
        picture(400, 300, then=write(SENTENCE, lines=5, top=250, invisible=True)),
        picture(585, 832, then=_both(write("Exhibit 7"), write(SENTENCE, lines=9, top=700, invisible=True))),
    ],
    ids=["a scan", "a cutting", "a scan with a visible stamp"],
)
def test_the_layer_of_a_scan_is_read(tmp_path: Path, draw: Draw) -> None:
    path = pdf(tmp_path, draw)

    assert remove_hidden_text(pypdfium2.PdfDocument(path)[0], has_hidden_groups=False).is_searchable
    assert SENTENCE.strip() in _text(path)


def test_a_page_of_nothing_but_invisible_text_is_blank(tmp_path: Path) -> None:
    layer = read_layer(pypdfium2.PdfDocument(pdf(tmp_path, _hidden))[0])

    assert (layer.text, layer.has_drawing) == ("", False)


_FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<</Font<</F 5 0 R>>>>"


@pytest.mark.parametrize("place", [b"72 -40", b"72 900", b"700 400", b"-300 400"])
@pytest.mark.parametrize("in_form", [False, True], ids=["on the page", "in a form"])
def test_text_outside_of_the_page_is_not_read(tmp_path: Path, place: bytes, in_form: bool) -> None:
    outside = b"BT /F 12 Tf %s Td (OUTSIDE) Tj ET " % place
    shown = b"BT /F 12 Tf 72 700 Td (Shown) Tj ET "
    content = shown + (b"/X Do" if in_form else outside)
    others = {5: _FONT, 6: stream(outside, _FORM)}

    assert _text(one_page(tmp_path, content, b"/Font<</F 5 0 R>>/XObject<</X 6 0 R>>", others)) == "Shown"


def test_text_outside_of_the_crop_box_is_not_read(tmp_path: Path) -> None:
    page = b"/MediaBox[0 0 595 842]/CropBox[0 400 595 842]/Contents 5 0 R/Resources<</Font<</F 6 0 R>>>>"
    path = tree(tmp_path, b"3 0 R", count=1, page=page)
    content = b"BT /F 12 Tf 72 700 Td (Shown) Tj 0 -500 Td (CROPPED) Tj ET"
    data = path.read_bytes().replace(
        b"xref\n", b"5 0 obj\n%s\nendobj\n6 0 obj\n%s\nendobj\nxref\n" % (stream(content), _FONT), 1
    )
    path.write_bytes(data.replace(b"startxref", b"startxref\n9\n%", 1))

    assert _text(path) == "Shown"


def test_text_in_a_hidden_group_is_not_read_nor_that_of_its_forms(tmp_path: Path) -> None:
    content = (
        b"/OC /Off BDC BT /F 12 Tf 72 600 Td (HIDDEN) Tj ET /X Do EMC "
        b"/OC /On BDC BT /F 12 Tf 72 700 Td (Shown) Tj ET EMC"
    )
    resources = b"/Font<</F 5 0 R>>/XObject<</X 6 0 R>>/Properties<</Off 7 0 R/On 8 0 R>>"
    others = {
        5: _FONT,
        6: stream(b"BT /F 12 Tf 72 500 Td (IN FORM) Tj ET", _FORM),
        7: b"<</Type/OCG/Name(a)/CISHidden 1>>",
        8: b"<</Type/OCG/Name(a)>>",
    }
    path = one_page(tmp_path, content, resources, others)

    assert _text(path, has_hidden_groups=True) == "Shown"


def _in_forms(folder: Path, content: bytes, depth: int) -> Path:
    """A page with a shown text, and a content within so many forms."""
    forms = {
        number: stream(b"/X Do", _FORM.replace(b"/Font", b"/XObject<</X %d 0 R>>/Font" % (number + 1)))
        for number in range(10, 9 + depth)
    }
    others = {5: _FONT, **forms, 9 + depth: stream(content, _FORM)}
    shown = b"BT /F 12 Tf 72 700 Td (Shown) Tj ET /X Do"
    return one_page(folder, shown, b"/Font<</F 5 0 R>>/XObject<</X 10 0 R>>", others)


def test_text_outside_of_the_page_is_not_read_within_many_forms_either(tmp_path: Path) -> None:
    path = _in_forms(tmp_path, b"BT /F 12 Tf 72 -40 Td (OUTSIDE) Tj 0 640 Td (inside) Tj ET", 7)

    assert _text(path).split() == ["Shown", "inside"]


def test_a_page_of_more_objects_than_are_checked_has_no_layer(tmp_path: Path) -> None:
    content = b"0 0 9 9 re f " * 250_000 + b"BT /F 12 Tf 72 700 Td (Shown) Tj 0 -750 Td (OUTSIDE) Tj ET"
    page = pypdfium2.PdfDocument(one_page(tmp_path, content, b"/Font<</F 5 0 R>>", {5: _FONT}))[0]

    layer = read_layer(page)

    assert (layer.text, layer.has_drawing) == ("", True)


_CLIPPED = b"q 0 600 300 200 re W n BT /F 12 Tf 72 700 Td (Shown) Tj %s Td (AWAY) Tj ET Q"


@pytest.mark.parametrize("place", [b"0 -300", b"400 0", b"0 130"])
@pytest.mark.parametrize("in_form", [False, True], ids=["on the page", "in a form"])
def test_text_outside_of_its_clipping_path_is_not_read(tmp_path: Path, place: bytes, in_form: bool) -> None:
    content = _CLIPPED % place
    form = stream(content, _FORM.replace(b"/BBox", b"/Matrix[1 0 0 1 0 -100]/BBox"))
    others = {5: _FONT, 6: form}
    resources = b"/Font<</F 5 0 R>>/XObject<</X 6 0 R>>"

    assert _text(one_page(tmp_path, b"/X Do" if in_form else content, resources, others)) == "Shown"


def test_text_that_is_cut_by_its_clipping_path_is_read(tmp_path: Path) -> None:
    content = _CLIPPED % b"200 0"

    assert _text(one_page(tmp_path, content, b"/Font<</F 5 0 R>>", {5: _FONT})) == "Shown AWAY"
