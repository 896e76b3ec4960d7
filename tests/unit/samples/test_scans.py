"""Scanned PDFs: their pages and text (their OCR is tested in integration)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from worker.samples.scan_texts import page_word, scan_page
from worker.samples.scans import draw_page, write_scan

pytestmark = pytest.mark.unit

LOW_DPI = 50


def _pictures(path: Path) -> list[Image.Image]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.render(scale=LOW_DPI / 72).to_pil().convert("L") for page in document]


def test_a_scan_has_the_requested_pages_and_their_text(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    truths = write_scan(path, 3, dpi=LOW_DPI)
    with pypdfium2.PdfDocument(path) as document:
        assert len(document) == 3
        assert [page.get_textpage().get_text_range() for page in document] == ["", "", ""]
        assert document[0].get_size() == pytest.approx((595.28, 841.89), abs=0.01)
    assert all(page_word(number) in truth for number, truth in enumerate(truths, start=1))


def test_the_pages_are_grey_noisy_and_distinct(tmp_path: Path) -> None:
    write_scan(tmp_path / "scan.pdf", 2, dpi=LOW_DPI)
    first, second = (np.asarray(picture, dtype=float) for picture in _pictures(tmp_path / "scan.pdf"))
    corner = first[:10, :10]
    assert 225 < corner.mean() < 252
    assert corner.std() > 1.0
    assert np.abs(first - second).mean() > 5.0


def test_without_a_body_a_page_has_its_heading_and_footer(tmp_path: Path) -> None:
    (whole,) = write_scan(tmp_path / "scan.pdf", 1, dpi=LOW_DPI)
    (bare,) = write_scan(tmp_path / "bare.pdf", 1, dpi=LOW_DPI, body=False)
    assert bare.splitlines() == [whole.splitlines()[0], whole.splitlines()[-1]]
    ink = [
        float((np.asarray(_pictures(tmp_path / name)[0]) < 128).mean()) for name in ("bare.pdf", "scan.pdf")
    ]
    assert 0 < ink[0] < ink[1] / 3


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("first.pdf", "again.pdf", "other.pdf"))
    write_scan(first, 2, dpi=LOW_DPI)
    write_scan(again, 2, dpi=LOW_DPI)
    write_scan(other, 2, dpi=LOW_DPI, seed=1)
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("language", ["jpn", "eng"])
def test_the_text_of_a_page_fits_on_it(language: str) -> None:
    for number in range(1, 6):
        page = draw_page(scan_page(number, seed=0, language=language), language=language, dpi=100)
        ink = np.asarray(page) < 128
        margins = np.concatenate([ink[:, :60].ravel(), ink[:, -60:].ravel(), ink[-95:-70].ravel()])
        assert ink.any()
        assert not margins.any()


def test_the_picture_in_the_pdf_is_the_jpeg_itself(tmp_path: Path) -> None:
    write_scan(tmp_path / "scan.pdf", 1, dpi=LOW_DPI)
    content = (tmp_path / "scan.pdf").read_bytes()
    start, end = content.index(b"\xff\xd8\xff"), content.rindex(b"\xff\xd9") + 2
    assert Image.open(io.BytesIO(content[start:end])).size == (413, 585)
