"""The scanner's PDF: pages that are JPEGs."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from worker.samples.jpeg_pdf import write_jpeg_pdf

pytestmark = pytest.mark.unit


def _jpeg(shade: int) -> bytes:
    data = io.BytesIO()
    Image.new("L", (80, 120), shade).save(data, "JPEG")
    return data.getvalue()


def test_each_page_shows_its_picture_over_the_whole_page(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    write_jpeg_pdf(path, map(_jpeg, (0, 128, 255)), size_px=(80, 120), size_pt=(200.0, 300.0))
    with pypdfium2.PdfDocument(path) as pdf:
        assert [page.get_size() for page in pdf] == [(200.0, 300.0)] * 3
        shades = [page.render().to_pil().convert("L").getpixel((100, 290)) for page in pdf]
    assert shades == pytest.approx([0, 128, 255], abs=3)
