"""The quality check of one page's layer, and the pictures whose text it lacks."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import SENTENCE, Draw, pdf, picture, write
from worker.extract.pdf.layer.quality import LayerReason
from worker.extract.pdf.layer.text_layer import TextLayer, read_layer

pytestmark = pytest.mark.unit


def _layer(folder: Path, draw: Draw) -> TextLayer:
    return read_layer(pypdfium2.PdfDocument(pdf(folder, draw))[0])


def _rectangle(canvas: Canvas) -> None:
    canvas.rect(100, 100, 200, 200, fill=1)


@pytest.mark.parametrize(
    ("draw", "has_drawing"), [(_rectangle, True), (write(" "), False)], ids=["ink", "none"]
)
def test_a_page_without_text_reports_whether_it_draws_anything(
    tmp_path: Path, draw: Draw, has_drawing: bool
) -> None:
    assert _layer(tmp_path, draw) == TextLayer(text="", has_drawing=has_drawing)


@pytest.mark.parametrize(
    "draw",
    [
        picture(400, 300, then=write("A short heading")),
        picture(400, 300, then=write(SENTENCE, lines=20)),
        picture(400, 300, then=write(SENTENCE, lines=4, top=330)),
        picture(585, 832, then=write(SENTENCE, lines=6)),
    ],
    ids=["short layer", "long layer", "a caption on the picture", "a fax header on a scan"],
)
def test_a_good_layer_names_the_pictures_whose_text_it_lacks(tmp_path: Path, draw: Draw) -> None:
    layer = _layer(tmp_path, draw)

    assert layer.reason is None
    assert len(layer.pictures) == 1
    assert layer.text


@pytest.mark.parametrize(
    "draw",
    [
        picture(585, 832, then=write(SENTENCE, lines=5, invisible=True)),
        picture(585, 832, then=write(SENTENCE, lines=30)),
        picture(500, 700, then=write(SENTENCE, lines=30, top=600)),
        picture(80, 80, then=write(SENTENCE, lines=30)),
    ],
    ids=["searchable scan", "background", "searchable cutting", "logo"],
)
def test_a_picture_under_the_layer_or_too_small_for_text_needs_no_ocr(tmp_path: Path, draw: Draw) -> None:
    layer = _layer(tmp_path, draw)

    assert (layer.reason, layer.pictures) == (None, ())


def test_the_boxes_of_the_layers_text_on_a_picture_are_reported(tmp_path: Path) -> None:
    layer = _layer(tmp_path, picture(400, 300, then=write(SENTENCE, lines=2, top=320)))

    (box,) = layer.text_boxes
    assert 70 < box[0] < 75
    assert 295 < box[1] < box[3] < 320


def _draw_outlines(canvas: Canvas) -> None:
    write("7")(canvas)
    for row in range(60):
        path = canvas.beginPath()
        path.moveTo(100, 100)
        for step in range(20):
            path.lineTo(100 + step, 100 + row)
        canvas.drawPath(path)


def _draw_stamp(canvas: Canvas) -> None:
    picture(400, 300, then=write("Received 5 March", top=200))(canvas)


@pytest.mark.parametrize(
    "draw",
    [picture(585, 832, then=write("Received 5 March")), _draw_stamp, _draw_outlines],
    ids=["on a scan", "on a picture", "beside outlines"],
)
def test_a_few_words_on_what_was_scanned_or_outlined_are_too_short(tmp_path: Path, draw: Draw) -> None:
    assert _layer(tmp_path, draw).reason is LayerReason.TOO_SHORT


@pytest.mark.parametrize(
    ("invisible", "reason"), [(True, LayerReason.GARBAGE), (False, None)], ids=["scan", "list of parts"]
)
def test_few_words_in_a_scans_own_layer_are_of_low_quality(
    tmp_path: Path, invisible: bool, reason: LayerReason | None
) -> None:
    codes = "LU SSERT GEDA PRIS BX HALALEIW COLUM ClAMRMOBR CHITHEIF RRBaFeAK"

    codes_only = write(codes, lines=4, invisible=invisible)

    assert _layer(tmp_path, picture(585, 832, then=codes_only)).reason is reason
    assert _layer(tmp_path, codes_only).reason is None


_STUTTER = "Aaalggfitted Mmuunnicippaall rrreeport oof tthhee bbuudgett ccommmitteee"


def _beneath(canvas: Canvas) -> None:
    write(_STUTTER, lines=9)(canvas)
    picture(585, 832)(canvas)


@pytest.mark.parametrize(
    "draw",
    [picture(585, 832, then=write(_STUTTER, lines=9, invisible=True)), _beneath],
    ids=["invisible", "beneath the picture"],
)
def test_a_scan_that_an_earlier_program_misread_is_of_low_quality(tmp_path: Path, draw: Draw) -> None:
    assert _layer(tmp_path, draw).reason is LayerReason.GARBAGE
