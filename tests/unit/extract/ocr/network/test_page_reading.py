"""Whole pages read by the network, and those that it leaves to Tesseract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bench.test_bed import bed_page
from worker.extract.image.affine import turn
from worker.extract.ocr.network import page_reading
from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.models import models_version
from worker.extract.ocr.network.page_reading import read_page
from worker.extract.ocr.network.reading import read_lines
from worker.extract.ocr.tesseract_tsv import Word
from worker.samples.fonts import Font, font_path

pytestmark = pytest.mark.unit
_LANGUAGES = ("jpn", "eng")
_LEFT = (
    *("国際競争力の推移をみる", "人手不足の深刻化により", "農林水産物の輸出が増加"),
    *("再生可能エネルギーの割", "合は過去最高となった。"),
)
_RIGHT = (
    *("地方公共団体は指針を定", "半導体産業への投資額は", "前年度から大きく伸びた"),
    *("海上輸送の運賃は下がり", "家計の消費は回復した。"),
)


@pytest.fixture(autouse=True)
def installed(require_module: Callable[..., None]) -> None:
    require_module("rapidocr", "openvino", "onnxruntime")
    assert models_version(), "rapidocr is installed, and its models cannot be used"


@cache
def _columns() -> Image.Image:
    page = Image.new("L", (1000, 420), 250)
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(font_path(Font.GOTHIC)), 32)
    for column, lines in enumerate((_LEFT, _RIGHT)):
        for row, line in enumerate(lines):
            draw.text((60 + 470 * column, 50 + 60 * row), line, font=font, fill=20)
    return page


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_two_columns_are_read_one_after_the_other_however_the_page_lies(degrees: int) -> None:
    found = read_page(turn(_columns(), -degrees % 360), languages=_LANGUAGES)

    assert found is not None
    assert "".join(found.ocr_text.text.split()) == "".join((*_LEFT, *_RIGHT))
    assert (found.degrees, found.script) == (degrees, "Hani")
    # The boxes are those of the upright page.
    first = found.ocr_text.lines[0]
    assert abs(first.left - 60) < 15
    assert abs(first.top - 50) < 15


def test_the_same_page_is_read_alike_after_another() -> None:
    first = read_page(_columns(), languages=_LANGUAGES)
    read_page(turn(_columns(), 180), languages=_LANGUAGES)

    assert read_page(_columns(), languages=_LANGUAGES) == first


def test_the_lines_of_the_sample_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Box] = []

    def count(page: Image.Image, boxes: Sequence[Box], **options: Any) -> list[tuple[Word, ...]]:
        asked.extend(boxes)
        return read_lines(page, boxes, **options)

    monkeypatch.setattr(page_reading, "read_lines", count)

    assert read_page(_columns(), languages=_LANGUAGES) is not None
    assert len(asked) == len(set(asked)) == len((*_LEFT, *_RIGHT))


def test_a_page_of_square_characters_is_read_narrow_but_for_its_sample_and_its_latin_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[bool, int]] = []

    def note(
        page: Image.Image, boxes: Sequence[Box], *, languages: Sequence[str], narrow: bool = False
    ) -> list[tuple[Word, ...]]:
        asked.append((narrow, len(boxes)))
        return read_lines(page, boxes, languages=languages, narrow=narrow)

    page = Image.new("L", (1500, 900), 250)
    font = ImageFont.truetype(str(font_path(Font.GOTHIC)), 32)
    for row in range(9):
        ImageDraw.Draw(page).text((60, 50 + 80 * row), "".join(_RIGHT)[row : row + 40], font=font, fill=20)
    ImageDraw.Draw(page).text((60, 790), "Delivery note of March", font=font, fill=20)
    monkeypatch.setattr(page_reading, "read_lines", note)

    assert read_page(page, languages=_LANGUAGES) is not None
    assert asked == [(False, 4), (True, 6), (False, 1)]


def test_a_page_of_which_much_is_detected_and_not_read_is_left_to_tesseract() -> None:
    page = Image.new("L", (1000, 420), 250)
    font = ImageFont.truetype(str(font_path(Font.GOTHIC)), 32)
    for row, line in enumerate(_RIGHT):
        ImageDraw.Draw(page).text((530, 50 + 60 * row), line, font=font, fill=20)
    for column, line in enumerate(_LEFT[:3]):
        for row, character in enumerate(line[:9]):
            ImageDraw.Draw(page).text((400 - 80 * column, 50 + 36 * row), character, font=font, fill=20)

    assert read_page(page, languages=_LANGUAGES) is None


def test_vertical_text_is_left_to_tesseract() -> None:
    assert read_page(bed_page("vertical", "clean").picture.convert("L"), languages=_LANGUAGES) is None


def test_a_page_without_text_is_left_to_tesseract() -> None:
    noise = np.random.default_rng(3).integers(0, 255, size=(400, 600), dtype=np.uint8)

    assert read_page(Image.new("L", (600, 400), 255), languages=_LANGUAGES) is None
    assert read_page(Image.fromarray(noise), languages=_LANGUAGES) is None
