"""What the worker's speed is measured against, on the same file: the floor, and the naive loop."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytesseract
from pdf2image import convert_from_path

_DPI = 200
_CORES = 2


def floor_s(pdf: Path, pages: int) -> float:
    """Seconds of pdftoppm (grey) and two `tesseract -l jpn tsv` side by side, one thread each."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        subprocess.run(["pdftoppm", "-gray", "-r", str(_DPI), str(pdf), f"{folder}/page"], check=True)
        pictures = sorted(Path(folder).glob("*.pgm"))

        def recognise(picture: Path) -> None:
            subprocess.run(
                ["tesseract", str(picture), str(picture.with_suffix("")), "-l", "jpn", "tsv"],
                env=environment,
                check=True,
                capture_output=True,
            )

        with ThreadPoolExecutor(_CORES) as pool:
            list(pool.map(recognise, pictures))
        seconds = time.monotonic() - began
    if len(pictures) != pages:
        raise AssertionError(f"the floor drew {len(pictures)} of {pages} pages")
    return seconds


def naive_s(pdf: Path, pages: int, *, one_thread: bool) -> float:
    """Seconds of the loop everybody writes first: RGB pages, `jpn+eng`, one page after the other."""
    if one_thread:
        os.environ["OMP_THREAD_LIMIT"] = "1"
    else:
        os.environ.pop("OMP_THREAD_LIMIT", None)
    began = time.monotonic()
    for number in range(1, pages + 1):
        (image,) = convert_from_path(str(pdf), dpi=_DPI, first_page=number, last_page=number)
        pytesseract.image_to_string(image, lang="jpn+eng")
    return time.monotonic() - began
