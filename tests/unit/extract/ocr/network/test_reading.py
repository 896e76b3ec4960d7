"""The network itself on drawn lines, by each library that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.extract.ocr.network import sessions
from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.network.models import models_version
from worker.extract.ocr.network.reading import label, read_lines
from worker.extract.ocr.network.runtimes import OPENVINO
from worker.samples.fonts import Font, font_path

pytestmark = pytest.mark.unit
_LANGUAGES = ("jpn", "eng")
_TEXTS = ("第三四半期の売上高は前年同期比で増加した。", "産業", "請求番号 2031-07", "地域の産業" * 16)


@pytest.fixture(autouse=True)
def installed(require_module: Callable[..., None]) -> None:
    require_module("rapidocr", "openvino", "onnxruntime")
    assert models_version(), "rapidocr is installed, and its models cannot be used"


@pytest.fixture(params=["openvino", "onnxruntime"])
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = str(request.param)
    if name != OPENVINO:
        monkeypatch.setattr(sessions, "openvino", lambda: None)
    sessions._recognition.cache_clear()
    yield name
    sessions._recognition.cache_clear()


def _page(texts: tuple[str, ...]) -> tuple[Image.Image, list[Box]]:
    font = ImageFont.truetype(str(font_path(Font.GOTHIC)), 32)
    page = Image.new("L", (2_700, 60 * len(texts) + 40), 255)
    draw = ImageDraw.Draw(page)
    boxes = []
    for row, text in enumerate(texts):
        draw.text((20, 20 + 60 * row), text, font=font, fill=0)
        left, top, right, bottom = map(round, draw.textbbox((20, 20 + 60 * row), text, font=font))
        boxes.append(Box(left=left, top=top, width=right - left, height=bottom - top))
    return page, boxes


def _text(page: Image.Image, boxes: list[Box], **options: bool) -> list[str]:
    lines = read_lines(page, boxes, languages=_LANGUAGES, **options)
    return ["".join(word.text for word in words) for words in lines]


def test_lines_of_all_lengths_are_read_in_order(runtime: str) -> None:
    page, boxes = _page(_TEXTS)

    lines = read_lines(page, boxes, languages=_LANGUAGES)

    assert ["".join(word.text for word in words) for words in lines] == [
        text.replace(" ", "") for text in _TEXTS
    ]
    assert all(90 < word.confidence <= 100 for words in lines for word in words)
    assert label(_LANGUAGES).startswith(runtime)


def test_an_empty_line_has_no_words(runtime: str) -> None:
    page = Image.new("L", (400, 100), 255)

    assert read_lines(page, [Box(left=10, top=10, width=300, height=40)], languages=_LANGUAGES) == [()]
    assert read_lines(page, [], languages=_LANGUAGES) == []


def test_a_page_is_read_alike_whatever_was_read_before() -> None:
    page, boxes = _page(_TEXTS)

    first = read_lines(page, boxes, languages=_LANGUAGES)
    read_lines(page, boxes[::-1], languages=_LANGUAGES)

    assert read_lines(page, boxes, languages=_LANGUAGES) == first


def test_narrowed_lines_say_the_same() -> None:
    page, boxes = _page(_TEXTS)

    assert _text(page, boxes, narrow=True) == _text(page, boxes)
