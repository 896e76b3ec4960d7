"""Annotations of a PDF page: form fields, free text, stamps and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import raw_pdf
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.page_source import LayeredPage
from worker.extract.pdf.annotations import flatten, notes_of
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_LINE = b"BT /F1 12 Tf 72 700 Td (%s) Tj ET"
_NOTE = "\ufeff金額を確認".encode("utf-16-be").hex().encode()


def _stream(entries: bytes, content: bytes) -> bytes:
    return b"<<" + entries + b"/Length %d>>\nstream\n" % len(content) + content + b"\nendstream"


def _annotation(kind: bytes, entries: bytes, *, flags: int = 4) -> bytes:
    return b"<</Type/Annot/Subtype/%s/F %d/Rect[100 600 300 620]%s>>" % (kind, flags, entries)


def _pdf(
    folder: Path,
    *annotations: bytes,
    content: bytes = _LINE % b"Travel expenses",
    form: bytes = b"",
    others: Mapping[int, bytes] = MappingProxyType({}),
) -> Path:
    """A page whose annotations may name object 9, an appearance that says `filled in`."""
    appearance = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 5 0 R>>>>"
    return raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R" + form + b">>",
            2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
            b"/Resources<</Font<</F1 5 0 R>>>>/Annots[" + b"".join(annotations) + b"]>>",
            4: _stream(b"", content),
            5: _FONT,
            **others,
            9: _stream(appearance, b"BT /F1 12 Tf 2 5 Td (filled in) Tj ET"),
        },
    )


@pytest.fixture
def closing_list() -> Iterator[list[Any]]:
    things: list[Any] = []
    yield things
    for thing in reversed(things):
        thing.close()


def _page(closing_list: list[Any], path: Path) -> Any:
    document = pypdfium2.PdfDocument(path)
    closing_list.extend([document, document[0]])
    return closing_list[-1]


def _read(path: Path) -> Page | LayeredPage | int:
    (page,) = open_pdf(path, _OPTIONS).pages
    return page


@pytest.mark.parametrize("kind", [b"Widget", b"FreeText", b"Stamp"])
def test_an_annotation_shown_on_the_page_is_part_of_its_text(tmp_path: Path, kind: bytes) -> None:
    page = _read(_pdf(tmp_path, _annotation(kind, b"/FT/Tx/V(filled in)/Contents(filled in)/AP<</N 9 0 R>>")))

    assert isinstance(page, Page)
    assert page.text.splitlines() == ["Travel expenses", "filled in"]
    assert page.source is TextSource.TEXT_LAYER


@pytest.mark.parametrize(
    ("annotation", "note"),
    [
        (_annotation(b"Text", b"/Contents<" + _NOTE + b">"), "金額を確認"),
        (_annotation(b"Highlight", b"/Contents(why?)/AP<</N 9 0 R>>"), "why?"),
        (_annotation(b"FreeText", b"/Contents(no appearance)"), "no appearance"),
        (_annotation(b"Link", b"/Contents(where it leads)"), ""),
        (_annotation(b"Popup", b"/Contents(again)"), ""),
        (_annotation(b"Text", b"/Contents(hidden)", flags=2), ""),
        (_annotation(b"Text", b"/Contents(%s)" % (b"x" * 200_000)), ""),
        (_annotation(b"Text", b""), ""),
    ],
)
def test_the_contents_of_other_annotations_are_notes(
    tmp_path: Path, closing_list: list[Any], annotation: bytes, note: str
) -> None:
    assert notes_of(_page(closing_list, _pdf(tmp_path, annotation))) == note


@pytest.mark.parametrize(
    ("field", "part", "drawn", "text"),
    [
        (b"/FT/Tx/V(own value)", b"", b"false", "Travel expenses\nown value"),
        (b"/FT/Tx/V(own value)", b"", b"true", "Travel expenses\nown value"),
        (b"/FT/Tx/V<FEFF5C717530>/Kids[6 0 R]", b"/Parent 7 0 R", b"true", "Travel expenses\n山田"),
        (b"/FT/Tx/V<FEFF5C717530>/Kids[6 0 R]", b"/Parent 7 0 R", b"false", "Travel expenses\n山田"),
        (b"/FT/Ch/V(third)/Opt[(first)(third)]", b"", b"false", "Travel expenses\nfirst\nthird"),
        (b"/FT/Btn/V/Off", b"", b"false", "Travel expenses"),
    ],
)
def test_fields_without_an_appearance_have_their_value(
    tmp_path: Path, field: bytes, part: bytes, drawn: bytes, text: str
) -> None:
    widget = b"<</Type/Annot/Subtype/Widget/T(n)/DA(/F1 12 Tf 0 g)/F 4/Rect[100 600 300 620]%s>>"
    form = b"/AcroForm<</Fields[%d 0 R]/NeedAppearances %s/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>"
    path = _pdf(
        tmp_path,
        b"6 0 R",
        form=form % (7 if part else 6, drawn),
        others={6: widget % (part or field), 7: b"<</T(n)/DA(/F1 12 Tf 0 g)%s>>" % field},
    )

    page = _read(path)

    assert isinstance(page, Page)
    assert page.text == text


def test_notes_follow_the_text_each_once(tmp_path: Path) -> None:
    note = _annotation(b"Text", b"/Contents<" + _NOTE + b">")
    page = _read(_pdf(tmp_path, note, note, _annotation(b"Text", b"/Contents(ok)")))

    assert isinstance(page, Page)
    assert page.text == "Travel expenses\n\n金額を確認\nok"


def test_a_page_for_ocr_keeps_its_notes(tmp_path: Path) -> None:
    note = _annotation(b"Text", b"/Contents<" + _NOTE + b">")
    page = _read(_pdf(tmp_path, note, content=b"72 72 200 200 re f"))

    assert isinstance(page, LayeredPage)
    assert (page.page.text, page.page.layer_reason) == ("金額を確認", None)


def test_a_blank_page_with_a_note_has_its_text(tmp_path: Path) -> None:
    page = _read(_pdf(tmp_path, _annotation(b"Text", b"/Contents(ok)"), content=b""))

    assert isinstance(page, LayeredPage)  # the icon of the note is drawn
    assert (page.page.text, page.page.source) == ("ok", TextSource.TEXT_LAYER)


def test_a_page_is_reopened_only_if_an_annotation_is_shown_on_it(
    tmp_path: Path, closing_list: list[Any]
) -> None:
    link = _annotation(b"Link", b"/A<</S/URI/URI(x)>>")

    assert not flatten(_page(closing_list, _pdf(tmp_path)))
    assert not flatten(_page(closing_list, _pdf(tmp_path, link)))
    assert flatten(_page(closing_list, _pdf(tmp_path, link, _annotation(b"Stamp", b"/AP<</N 9 0 R>>"))))


def test_invalid_annotations_do_no_harm(tmp_path: Path, closing_list: list[Any]) -> None:
    page = _page(
        closing_list, _pdf(tmp_path, b"null 7 (x) 99 0 R [[]] <<>>", _annotation(b"Text", b"/Contents 7"))
    )

    assert notes_of(page) in ("", "7")
    flatten(page)
    with closing(page.get_textpage()) as layer:
        assert layer.get_text_bounded().strip() == "Travel expenses"


def test_a_file_attached_to_a_place_on_the_page_is_noted_as_not_read(tmp_path: Path) -> None:
    file = _annotation(b"FileAttachment", b"/FS<</Type/Filespec/F(a.txt)>>")
    free_text = _annotation(b"FreeText", b"/AP<</N 9 0 R>>/DA(/F1 12 Tf)")

    page = _read(_pdf(tmp_path, file, free_text))

    assert isinstance(page, Page)
    assert page.unread == ("attached_files",)
