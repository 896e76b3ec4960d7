"""Objects of a page beside its text, and where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import SENTENCE, one_page, pdf, picture, stream, tree, write
from worker.extract.pdf import page_objects
from worker.extract.pdf.page_objects import (
    draws_more_than_text,
    in_pixels,
    most_pixels,
    outline_points,
    picture_keys,
    pictures_of,
    smallest_letters_pt,
)

pytestmark = pytest.mark.unit

_IMAGE = stream(
    bytes(10_000),
    b"/Type/XObject/Subtype/Image/Width 100/Height 100/ColorSpace/DeviceGray/BitsPerComponent 8",
)


def _page(path: Path) -> Any:
    return pypdfium2.PdfDocument(path)[0]


def test_a_picture_is_reported_with_its_box_and_size(tmp_path: Path) -> None:
    (found,) = pictures_of(_page(pdf(tmp_path, picture(300, 400))))

    assert [round(side) for side in found.box] == [10, 10, 310, 410]
    assert round(found.share, 2) == round(300 * 400 / (595 * 842), 2)
    assert (found.width_px, found.height_px) == (64, 64)
    assert found.pixels_per_point == pytest.approx(64 / 400)


@pytest.mark.parametrize("size", [(60, 60), (500, 10)], ids=["logo", "rule"])
def test_small_pictures_hold_no_text(tmp_path: Path, size: tuple[int, int]) -> None:
    assert pictures_of(_page(pdf(tmp_path, picture(*size)))) == ()


def test_the_smallest_letters_are_those_of_text_or_else_of_outlines(tmp_path: Path) -> None:
    text = one_page(
        tmp_path,
        b"BT /F 6 Tf 2 0 0 2 50 50 Tm (some) Tj /F 30 Tf 50 50 Td (text) Tj ET",
        b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>",
        {},
    )
    assert smallest_letters_pt(_page(text)) == 12

    curve = b" ".join(b"%d %d l" % (100 + x, 100 + 20 * (x % 2)) for x in range(12))
    outline = one_page(tmp_path, b"0 0 500 1 re f 100 100 m " + curve + b" f", b"", {})
    assert smallest_letters_pt(_page(outline)) == pytest.approx(20, abs=1)
    assert smallest_letters_pt(_page(one_page(tmp_path, b"0 0 500 1 re f", b"", {}))) == 0


def _in_forms(folder: Path, content: bytes) -> Path:
    """Form X doubles what form Y draws, and that is a picture of 100 x 100 points."""
    inner = stream(
        b"100 0 0 100 0 0 cm /I Do",
        b"/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<</XObject<</I 7 0 R>>>>",
    )
    outer = stream(
        b"2 0 0 2 0 0 cm /Y Do",
        b"/Type/XObject/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</Y 6 0 R>>>>",
    )
    return one_page(folder, content, b"/XObject<</X 5 0 R>>", {5: outer, 6: inner, 7: _IMAGE})


def test_a_picture_inside_forms_is_where_they_place_it(tmp_path: Path) -> None:
    (found,) = pictures_of(_page(_in_forms(tmp_path, b"1 0 0 1 50 60 cm /X Do")))

    assert [round(side) for side in found.box] == [50, 60, 250, 260]


def test_what_lies_outside_of_the_page_is_cut_off(tmp_path: Path) -> None:
    (found,) = pictures_of(_page(_in_forms(tmp_path, b"1 0 0 1 495 742 cm /X Do")))

    assert [round(side) for side in found.box] == [495, 742, 595, 842]


def test_forms_that_hold_each_other_come_to_an_end(tmp_path: Path) -> None:
    form = stream(
        b"/X Do 0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</X 5 0 R>>>>"
    )
    page = _page(one_page(tmp_path, b"/X Do", b"/XObject<</X 5 0 R>>", {5: form}))

    assert pictures_of(page) == ()
    assert draws_more_than_text(page)


def _draw_outlines(canvas: Canvas) -> None:
    for number in range(60):
        path = canvas.beginPath()
        path.moveTo(100, 100)
        for step in range(20):
            path.lineTo(100 + step, 100 + number)
        canvas.drawPath(path)


def _table(canvas: Canvas) -> None:
    for row in range(40):
        canvas.line(50, 700 - 15 * row, 500, 700 - 15 * row)


def test_outlined_characters_have_many_more_points_than_a_table(tmp_path: Path) -> None:
    assert outline_points(_page(pdf(tmp_path, _draw_outlines))) > 1_000
    assert outline_points(_page(pdf(tmp_path, _table))) < 200


def test_the_pixels_of_the_largest_picture_are_known_before_it_is_decoded(tmp_path: Path) -> None:
    assert most_pixels(_page(_in_forms(tmp_path, b"/X Do"))) == 10_000
    assert most_pixels(_page(pdf(tmp_path, write(SENTENCE)))) == 0


@pytest.mark.parametrize(
    ("rotation", "size_px", "expected"),
    [
        (b"", (360, 720), (10, 620, 60, 700)),
        (b"/Rotate 90", (720, 360), (20, 10, 100, 60)),
        (b"/Rotate 180", (360, 720), (300, 20, 350, 100)),
        (b"/Rotate 270", (720, 360), (620, 300, 700, 350)),
    ],
    ids=["upright", "90", "180", "270"],
)
def test_a_box_is_found_in_the_image_of_a_rotated_and_cropped_page(
    tmp_path: Path, rotation: bytes, size_px: tuple[int, int], expected: tuple[int, ...]
) -> None:
    page = _page(
        tree(tmp_path, b"3 0 R", count=1, page=b"/MediaBox[0 0 900 900]/CropBox[100 100 460 820]" + rotation)
    )

    assert in_pixels(page, (110, 120, 160, 200), size_px) == expected


def test_of_many_pictures_the_largest_are_taken_in_the_order_in_which_they_are_drawn(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for side in [*range(100, 300), *range(400, 430)]:
            picture(side, side)(canvas)

    found = pictures_of(_page(pdf(tmp_path, draw)))

    widths = [round(one.box[2] - one.box[0]) for one in found]
    assert widths == [*range(230, 300), *range(400, 430)]


def test_pictures_of_more_bytes_than_are_compared_have_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(canvas: Canvas) -> None:
        for side in (200, 300, 400):
            shown = Image.effect_noise((200, 200), side)
            canvas.drawInlineImage(shown, 10, 10, side, side)

    page = _page(pdf(tmp_path, draw))
    boxes = [one.box for one in pictures_of(page)]
    monkeypatch.setattr(page_objects, "_MAX_KEYED_BYTES", 90_000)

    keys = picture_keys(page, boxes)

    assert [keys[box] is None for box in boxes] == [False, False, True]
