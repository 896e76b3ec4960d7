"""Pages in a script that no model here reads are said to be so, and nothing is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.extract.ocr.engines import ENGINES
from worker.extract.ocr.evidence.other_script import convincing_lines, is_in_other_script
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.ocr.tesseract_cli import installed_languages
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word
from worker.samples.fonts import Font, font_path

pytestmark = pytest.mark.unit

_TEXTS = {
    "Cyrillic": "Общество заключило договор поставки оборудования на следующий год без учета налога",
    "Greek": "Η εταιρεια υπεγραψε τη συμφωνια για την προμηθεια εξοπλισμου το επομενο ετος",
    "Latin": "The company has signed the contract of supply for the equipment of the next year",
}


def _draw(path: Path, text: str) -> None:
    font = ImageFont.truetype(font_path(Font.GOTHIC_P), 40)
    image = Image.new("L", (1400, 700), 255)
    draw, words, y_px = ImageDraw.Draw(image), (text + " " + text).split(), 80
    while words:
        count = next(
            n for n in range(len(words), 0, -1) if draw.textlength(" ".join(words[:n]), font=font) < 1200
        )
        draw.text((90, y_px), " ".join(words[:count]), font=font, fill=0)
        words, y_px = words[count:], y_px + 64
    image.save(path, dpi=(200, 200))


@pytest.mark.parametrize("script", _TEXTS)
def test_a_script_that_no_model_reads_is_said_and_leaves_no_text(
    tmp_path: Path, script: str, require_program: Callable[[str], str]
) -> None:
    require_program("tesseract")
    assert "osd" in installed_languages()
    _draw(tmp_path / "page.png", _TEXTS[script])

    page = OCREngine(languages=("jpn", "eng")).read_page(tmp_path / "page.png", number=1, hint=None)

    is_read = script == "Latin"
    assert page.unread == (() if is_read else ("other_script",))
    assert ("contract of supply" in page.text) is is_read
    assert bool(page.text) is is_read


@pytest.mark.parametrize(
    ("script", "confidence", "text", "is_other"),
    [
        ("Korean", 0.11, "", True),
        ("Hangul", 0.11, "", True),
        ("Korean", 0.11, "의 계 ㅇ", False),
        ("Korean", 1.6, "의 계 ㅇ", True),
        ("Thai", 0.11, "", False),
        ("Thai", 1.6, "", True),
        ("Latin", 9.0, "", False),
    ],
    ids=["Korean", "Hangul", "text left", "surely Korean", "hardly Thai", "Thai", "Latin"],
)
def test_hangul_is_named_with_less_confidence_where_no_text_is_lost(
    script: str, confidence: float, text: str, is_other: bool
) -> None:
    engine = replace(
        ENGINES["tesseract"], detect_script=lambda _picture, *, dpi: (script, confidence) if dpi else ("", 0)
    )

    assert is_in_other_script(_unsure(text), Path("page.png"), engine=engine, dpi=200) is is_other


def _unsure(text: str) -> OcrText:
    words = [Word(text=word, left=0, top=0, width=9, height=9, confidence=30.0) for word in text.split()]
    return OcrText.from_lines([Line.of(words, opens_paragraph=True)] if words else [])


def test_a_line_that_reads_well_alone_is_kept() -> None:
    lines = [
        Line.of(
            [
                Word(text=word, left=0, top=0, width=9, height=9, confidence=confidence)
                for word in text.split()
            ],
            opens_paragraph=True,
        )
        for text, confidence in (
            ("Aoba Trading Company Limited", 92.0),
            ("06weCTB0 3akпюЧиnо", 71.0),
            ("の6 Ta", 95.0),
        )
    ]

    assert convincing_lines(OcrText.from_lines(lines)).text == "Aoba Trading Company Limited"
