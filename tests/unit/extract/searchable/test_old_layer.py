"""Invisible text taken out of pages, and everything else left."""

from __future__ import annotations

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Pdf

from worker.extract.searchable.old_layer import remove_invisible_text

pytestmark = pytest.mark.unit


def page_with(pdf: Pdf, content: bytes, **forms: pikepdf.Object) -> pikepdf.Page:
    page = pdf.add_blank_page(page_size=(100, 100))
    page.obj.Resources = Dictionary(XObject=Dictionary({f"/{name}": form for name, form in forms.items()}))
    page.obj.Contents = pdf.make_stream(content)
    return page


def form(pdf: Pdf, content: bytes, **entries: object) -> pikepdf.Object:
    return pdf.make_indirect(pdf.make_stream(content, Type=Name.XObject, Subtype=Name.Form, **entries))


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"BT 3 Tr (a) Tj ET", b"BT\n3 Tr\nET"),
        (b"BT 3 Tr [(a)] TJ 0 Tr (b) Tj ET", b"BT\n3 Tr\n0 Tr\n(b) Tj\nET"),
        (b"q 3 Tr Q BT (a) Tj ET", b"q 3 Tr Q BT (a) Tj ET"),
        (b"3 Tr q 0 Tr BT (a) Tj ET Q BT (b) Tj ET", b"3 Tr\nq\n0 Tr\nBT\n(a) Tj\nET\nQ\nBT\nET"),
        (b"BT 3 Tr 5 TL (a) ' (b) Tj ET", b"BT\n3 Tr\n5 TL\nT*\nET"),
        (b"BT 3 Tr (not closed", b"BT 3 Tr (not closed"),
        (b"BT 3 Tr", b"BT 3 Tr"),
    ],
)
def test_only_text_that_is_shown_and_not_drawn_goes(content: bytes, left: bytes) -> None:
    pdf = pikepdf.new()
    page = page_with(pdf, content)
    remove_invisible_text(pdf, page)
    assert page.obj.Contents.read_bytes() == left


def test_the_text_of_a_form_goes_and_another_page_keeps_it() -> None:
    pdf = pikepdf.new()
    inner = form(pdf, b"BT 3 Tr (a) Tj ET")
    outer = form(pdf, b"0 g /In Do", Resources=Dictionary(XObject=Dictionary(In=inner)), BBox=[0, 0, 9, 9])
    page, other = (page_with(pdf, b"/Out Do", Out=outer) for _ in range(2))
    remove_invisible_text(pdf, page)
    new = page.resources.XObject.Out
    assert new.Resources.XObject.In.read_bytes() == b"BT\n3 Tr\nET"
    assert list(new.BBox) == [0, 0, 9, 9]
    assert other.resources.XObject.Out.Resources.XObject.In.read_bytes() == b"BT 3 Tr (a) Tj ET"


def test_a_form_shows_its_text_as_the_page_says() -> None:
    pdf = pikepdf.new()
    page = page_with(pdf, b"3 Tr /Out Do", Out=form(pdf, b"BT (a) Tj ET"))
    remove_invisible_text(pdf, page)
    assert page.resources.XObject.Out.read_bytes() == b"BT\nET"


def test_a_form_that_draws_itself_has_an_end() -> None:
    pdf = pikepdf.new()
    loop = form(pdf, b"BT 3 Tr (a) Tj ET /Out Do")
    loop.Resources = Dictionary(XObject=Dictionary(Out=loop))
    page = page_with(pdf, b"/Out Do", Out=loop)
    remove_invisible_text(pdf, page)
    assert b"(a)" not in page.resources.XObject.Out.read_bytes()
