"""What OCR may cost, as ratios of one run: a busy machine slows both sides of each."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bench.test_bed import bed_page
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.extract.capabilities import probe
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.tools import resolve_options
from worker.samples.scan_texts import scan_page
from worker.samples.scans import draw_page

pytestmark = pytest.mark.performance

# Where the bound of two CPU seconds was set, plain Tesseract takes 1.47 for a page of ordinary text.
MOST_S, PLAIN_S = 2.0, 1.47
# Where the processor has no arithmetic in 16 bits the network takes twice as much and more (decision 71).
MOST_IN_32_BITS = 3.0
# Neighbours on a core slow single readings by half: of some, taken by turns, the least of each side counts.
TURNS = 3
WARM_PAGES, PAGES = 8, 50
# One kept copy of each page would be 25 MB.
MOST_GROWTH_BYTES = 10_000_000


@pytest.fixture(scope="module")
def engine() -> OCREngine:
    """As a worker of default settings has it, with what is installed here."""
    options = resolve_options(read_options(Settings()), probe())
    second_pass = None
    if options.second_pass == "on":
        second_pass = LineRerecognition(
            confidence=options.second_pass_confidence,
            max_lines=options.second_pass_max_lines,
            max_pixels=options.second_pass_max_pixels,
        )
    return OCREngine(page_timeout_s=600.0, ocr_engine=options.ocr_engine, second_pass=second_pass)


def cpu_s_of(work: Callable[[], object]) -> float:
    """CPU seconds of this process and of the programs it started meanwhile."""

    def now_s() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    began_s = now_s()
    work()
    return now_s() - began_s


def test_a_page_of_ordinary_text_takes_no_more_than_its_share_of_plain_tesseract(
    engine: OCREngine, tmp_path: Path
) -> None:
    picture = tmp_path / "page.pgm"
    bed_page("jpn", "clean").picture.convert("L").save(picture)
    # Models are loaded and their shapes compiled once a process, not once a page.
    warm = engine.read_page(picture, number=1, hint=None)

    def plain() -> None:
        command = ["tesseract", str(picture), "-", "-l", "jpn"]
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        subprocess.run(command, check=True, capture_output=True, env=environment)

    def ours() -> None:
        engine.read_page(picture, number=1, hint=None)

    turns = [(cpu_s_of(plain), cpu_s_of(ours)) for _ in range(TURNS)]
    plain_s, ours_s = (min(side) for side in zip(*turns, strict=True))
    most = MOST_IN_32_BITS if "f32" in (warm.engine or "") else MOST_S / PLAIN_S
    assert ours_s <= most * plain_s, f"{ours_s:.2f} CPU-s beside {plain_s:.2f}"


def test_the_memory_of_the_ocr_engine_is_flat_over_fifty_pages(engine: OCREngine, tmp_path: Path) -> None:
    pages = [_small_page(tmp_path, number) for number in range(WARM_PAGES + PAGES)]
    for number, page in enumerate(pages[:WARM_PAGES]):
        assert "産業白書" in engine.read_page(page, number=number + 1, hint="jpn").text
    before = _resident_bytes()
    for number, page in enumerate(pages[WARM_PAGES:]):
        engine.read_page(page, number=number + 1, hint="jpn")
    assert _resident_bytes() - before < MOST_GROWTH_BYTES


def _resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def _small_page(folder: Path, number: int) -> Path:
    """A page with a heading, half a megabyte when it is decoded."""
    words = replace(scan_page(number + 1, seed=0, language="jpn"), paragraphs=())
    path = folder / f"{number}.pgm"
    draw_page(words, language="jpn", dpi=72).save(path)
    return path
