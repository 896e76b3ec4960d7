"""RapidOCR on single lines, where it is installed."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.extract.ocr.rapidocr_lines import line_reader_version, read_line
from worker.samples.fonts import Font, font_path

pytest.importorskip("rapidocr")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.unit


def _line(text: str, width_px: int) -> Image.Image:
    image = Image.new("L", (width_px, 44), 255)
    font = ImageFont.truetype(str(font_path(Font.GOTHIC)), 32)
    ImageDraw.Draw(image).text((8, 6), text, font=font, fill=0)
    return image


def test_a_line_is_read_with_confidence() -> None:
    text, confidence = read_line(_line("第三四半期の売上高は前年同期比で増加した。", 720))

    assert text == "第三四半期の売上高は前年同期比で増加した。"
    assert 90 < confidence <= 100


def test_a_long_line_is_not_shrunk() -> None:
    text, _ = read_line(_line("地域の産業" * 20, 3_250))

    assert text == "地域の産業" * 20


def test_nothing_is_read_from_an_empty_line() -> None:
    assert read_line(Image.new("L", (300, 44), 255)) == ("", 0.0)


def test_its_version_is_known_without_loading_it() -> None:
    assert line_reader_version().startswith("3")
