"""OCREngine with the real Tesseract, on small generated pages and, where they are, the real samples."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.extract.ocr.ocr_engine import OCREngine
from worker.models.page import Page

pytestmark = pytest.mark.integration

_FONT = Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf")
_SAMPLES = Path(__file__).parents[5] / "shared" / "samples" / "files"
_JAPANESE = ["営業報告書", "第三四半期の売上高は前年同期比で増加した。", "契約件数は三百二十件に達した。"]
_TIMEOUT_S = 600.0  # a busy machine must not make a page time out
_ENGLISH = ["Quarterly sales report", "Revenue grew by twelve per cent over", "the previous year."]


@pytest.fixture(autouse=True)
def _programs(require_program: Callable[[str], str]) -> None:
    for name in ("tesseract", "pdftoppm", "pdfinfo"):
        require_program(name)
    if not _FONT.is_file():
        pytest.skip("the font of these pages is missing: apt-get install fonts-ipafont-gothic")


def _draw(lines: list[str]) -> Image.Image:
    font = ImageFont.truetype(str(_FONT), 32)
    image = Image.new("L", (1000, 600), 255)
    for row, line in enumerate(lines):
        ImageDraw.Draw(image).text((100, 150 + 60 * row), line, font=font, fill=0)
    return image


def _read(folder: Path, image: Image.Image, *, hint: str | None = None) -> Page:
    path = folder / "page.pgm"
    image.save(path)
    return OCREngine(page_timeout_s=_TIMEOUT_S).read_page(path, number=1, hint=hint)


@pytest.mark.parametrize("hint", [None, "jpn", "eng"])
def test_a_japanese_page_is_read_without_spaces(tmp_path: Path, hint: str | None) -> None:
    page = _read(tmp_path, _draw(_JAPANESE), hint=hint)

    assert page.text.replace("\n\n", "\n").splitlines() == _JAPANESE
    assert page.language == "jpn"
    assert page.confidence is not None
    assert page.confidence > 80


@pytest.mark.parametrize("hint", [None, "jpn", "eng"])
def test_an_english_page_is_read_as_english(tmp_path: Path, hint: str | None) -> None:
    page = _read(tmp_path, _draw(_ENGLISH), hint=hint)

    assert page.text.replace("\n\n", "\n").splitlines() == _ENGLISH
    assert page.language == "eng"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_page_is_read(tmp_path: Path, degrees: int) -> None:
    page = _read(tmp_path, _draw(_JAPANESE).rotate(degrees, expand=True))

    assert "売上高は前年同期比" in page.text


def test_a_skewed_page_is_read(tmp_path: Path) -> None:
    page = _read(tmp_path, _draw(_ENGLISH * 2).rotate(11, expand=True, fillcolor=255))

    assert "Revenue grew by twelve" in page.text


def test_a_page_with_nothing_but_a_title_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path, _draw(_JAPANESE[:1])).text == "営業報告書"


def test_a_blank_page_is_empty(tmp_path: Path) -> None:
    page = _read(tmp_path, _draw([]))

    assert (page.text, page.language, page.confidence) == ("", None, None)


def test_the_pages_of_a_pdf_come_in_order(tmp_path: Path) -> None:
    first, second, third = (_draw([line]) for line in (_JAPANESE[1], _JAPANESE[0], _JAPANESE[2]))
    path = tmp_path / "three.pdf"
    first.save(path, save_all=True, append_images=[second, third], resolution=200)

    assert OCREngine(languages=["jpn"]).extract_text_from_pdf(path).split("\n\n") == [
        _JAPANESE[1],
        _JAPANESE[0],
        _JAPANESE[2],
    ]


@pytest.mark.parametrize(
    ("name", "words", "language"),
    [
        ("phototest.tif", "quick brown dog", "eng"),
        ("jpn-vert.jpeg", "漢文", "jpn"),
        ("testRotated+10.png", "had resolving otherwise she contented therefore", "eng"),
        ("ocr_test_rotated_90.pdf", "Docling bundles PDF document conversion", "eng"),
    ],
)
def test_the_real_samples_are_read(tmp_path: Path, name: str, words: str, language: str) -> None:
    path = _SAMPLES / name
    if not path.is_file():
        pytest.skip("the samples are not beside this checkout: ../shared/samples")
    if path.suffix == ".pdf":
        command = ["pdftoppm", "-gray", "-r", "200", "-singlefile", str(path), str(tmp_path / "drawn")]
        subprocess.run(command, check=True, timeout=60)
        path = tmp_path / "drawn.pgm"

    page = OCREngine(page_timeout_s=_TIMEOUT_S).read_page(path, number=1, hint=None)

    assert "".join(words.split()) in "".join(page.text.split())
    assert page.language == language
