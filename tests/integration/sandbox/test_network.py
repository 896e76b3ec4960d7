"""The neural network within the walls of a document process."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.stand_ins.reading import options, pages, read, request
from worker.extract.ocr.network.models import models_version
from worker.extract.ocr.network.runtimes import runtime_versions
from worker.models.page import Page
from worker.samples.fonts import Font, font_path
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration
_LINES = ("国際競争力の推移をみると、前年度比3.4％増加した。", "人手不足の深刻化により、設備投資が進む。")


@pytest.fixture(autouse=True)
def installed(require_module: Callable[..., None]) -> None:
    require_module("rapidocr", "openvino", "onnxruntime")
    assert models_version(), "rapidocr is installed, and its models cannot be used"
    assert any(runtime_versions()), "no runtime can be used"


def _picture(*orders: int, kind: str) -> bytes:
    """A frame for each number, with the two lines in that order."""
    font = ImageFont.truetype(str(font_path(Font.MINCHO)), 34)
    frames = []
    for order in orders:
        frame = Image.new("L", (1100, 400), 252)  # one under 400,000 pixels Tesseract reads first
        for row, line in enumerate(_LINES[::order]):
            ImageDraw.Draw(frame).text((60, 50 + 80 * row), line, font=font, fill=10)
        frames.append(frame)
    file = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(file, kind, **more)
    return file.getvalue()


def _pages(sandbox: Sandbox, folder: Path, name: str, data: bytes) -> list[Page]:
    folder.mkdir(exist_ok=True)
    with sandbox.open(request(folder, name, data)) as run:
        run.detect()
        run.go()
        return sorted(pages(read(run)), key=lambda page: page.number)


def test_a_page_is_read_alike_in_another_document_and_with_other_slots(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    on = replace(
        options(memory_bytes=2 * 1024**3), ocr_engine="tesserocr", second_pass="on", languages=("jpn", "eng")
    )
    two, one = start(on), start(on, slots=1)

    alone = _pages(two, tmp_path / "a", "a.png", _picture(1, kind="PNG"))
    among = _pages(two, tmp_path / "b", "b.tif", _picture(-1, 1, -1, kind="TIFF"))
    other = _pages(one, tmp_path / "c", "c.tif", _picture(-1, 1, kind="TIFF"))

    assert alone[0].text.split() == list(_LINES)
    assert (alone[0].engine or "").split()[0] in ("openvino", "onnxruntime")
    same = [(page.text, page.words, page.confidence, page.engine) for page in (alone[0], among[1], other[1])]
    assert same[0] == same[1] == same[2]
    assert among[0].text == other[0].text != alone[0].text
