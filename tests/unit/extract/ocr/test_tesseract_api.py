"""The Tesseract library: the same texts and the same failures as the executable's."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from worker.errors import MisconfiguredError, OCRError
from worker.extract.ocr import tesseract_api, tesseract_cli
from worker.extract.ocr.tesseract_api import detect_script, library_version, recognise
from worker.extract.ocr.tesseract_cli import models_folder
from worker.extract.ocr.tesseract_tsv import parse
from worker.samples.fonts import Font, font_path

pytestmark = pytest.mark.unit

_WORDS = "The quick brown fox jumps over the lazy dog"


@pytest.fixture(autouse=True)
def _installed(require_program: Callable[[str], str], require_module: Callable[..., None]) -> None:
    require_module("tesserocr")
    require_program("tesseract")  # its models are used
    models_folder.cache_clear()  # another test may have asked a stand-in for it
    assert library_version(), "tesserocr is among the locked packages, and cannot be used"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    font = ImageFont.truetype(str(font_path(Font.VERA)), 30)
    image = Image.new("L", (1000, 700), 255)
    for row in range(8):
        ImageDraw.Draw(image).text((80, 60 + 70 * row), _WORDS, font=font, fill=0)
    path = tmp_path / "page-7.pgm"
    image.save(path)
    return path


def _recognise(path: Path, *, language: str = "eng") -> str:
    return recognise(path, language=language, psm=3, dpi=200)


def test_it_reads_what_the_program_reads(page: Path) -> None:
    theirs = tesseract_cli.recognise(page, language="eng", psm=3, dpi=200)

    ours = parse(_recognise(page))

    assert ours.text == parse(theirs).text
    assert ours.text.count(_WORDS) == 8


def test_an_object_is_kept_for_the_next_page(page: Path) -> None:
    _recognise(page)
    (idle,) = tesseract_api._idle["eng"][-1:]

    _recognise(page)

    assert tesseract_api._idle["eng"][-1] is idle


def test_a_page_reads_the_same_after_others(page: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pgm"
    Image.open(page).rotate(4, fillcolor=255).resize((700, 490)).save(other)
    tesseract_api._idle.clear()
    alone = _recognise(page)
    tesseract_api._idle.clear()

    for _ in range(2):
        _recognise(other)

    assert _recognise(page) == alone


@pytest.mark.parametrize("name", ["tessedit_enable_doc_dict", "classify_enable_learning"])
def test_no_object_learns_from_its_pages(page: Path, name: str) -> None:
    """The models of Debian do not; those that have the older engine, too, would."""
    tesseract_api._idle.clear()
    _recognise(page)

    assert tesseract_api._idle["eng"][-1].GetVariableAsString(name) == "0"


def test_a_probe_reads_nothing_inverted_and_the_page_after_it_does(page: Path) -> None:
    inverted = page.with_name("inverted.pgm")
    Image.open(page).point(lambda level: 255 - level).save(inverted)
    alone = _recognise(inverted)

    probe = recognise(inverted, language="eng", psm=3, dpi=200, is_probe=True)

    assert _WORDS in parse(alone).text
    assert _WORDS not in parse(probe).text
    assert _recognise(inverted) == alone


def test_two_threads_use_two_objects(page: Path) -> None:
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(_recognise(page))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts[0] == texts[1]


def _priority_after_reading(page: Path, before: int) -> int:
    seen: list[int] = []

    def read() -> None:
        os.setpriority(os.PRIO_PROCESS, 0, max(before, os.getpriority(os.PRIO_PROCESS, 0)))
        _recognise(page)
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return seen[0]


def test_reading_runs_at_a_low_priority(page: Path) -> None:
    assert _priority_after_reading(page, 0) >= 10


def test_the_priority_of_a_nice_worker_is_not_raised(page: Path) -> None:
    """Without capabilities the kernel would refuse that, and no page could be read."""
    assert _priority_after_reading(page, 15) == 15


@pytest.mark.parametrize("content", [b"", b"P5 1000 800 255\nshort"], ids=["empty", "cut off"])
def test_a_file_that_is_no_image_is_refused_and_the_next_is_read(
    tmp_path: Path, page: Path, content: bytes
) -> None:
    path = tmp_path / "odd.pgm"
    path.write_bytes(content)

    with pytest.raises(OCRError, match=r"odd\.pgm"):
        _recognise(path)

    assert _WORDS in parse(_recognise(page)).text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OCRError, match="File not found"):
        _recognise(tmp_path / "nowhere.pgm")


def test_a_missing_model_is_named(page: Path) -> None:
    with pytest.raises(MisconfiguredError, match="'tlh'"):
        _recognise(page, language="tlh")


def test_the_script_of_a_page_is_found(page: Path) -> None:
    script, confidence = detect_script(page, dpi=200)

    assert script == "Latin"
    assert confidence > 0


def test_a_blank_picture_has_no_script(tmp_path: Path) -> None:
    Image.new("L", (500, 500), 255).save(tmp_path / "blank.pgm")

    assert detect_script(tmp_path / "blank.pgm", dpi=200) == ("", 0.0)
