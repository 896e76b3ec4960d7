"""The references of the worker's speed on the same file: the floor and the naive loop.

`python -m bench.rivals floor|naive|default PDF PAGES` prints seconds; a process of its own, so that none of
our modules is loaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
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
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        subprocess.run(["pdftoppm", "-gray", "-r", str(_DPI), str(pdf), f"{folder}/page"], check=True)
        pictures = sorted(Path(folder).glob("*.pgm"))
        with ThreadPoolExecutor(_CORES) as pool:
            list(pool.map(_ocr, pictures))
        seconds = time.monotonic() - began
    if len(pictures) != pages:
        raise AssertionError(f"the floor rendered {len(pictures)} of {pages} pages")
    return seconds


def _ocr(picture: Path) -> None:
    command = ["tesseract", str(picture), str(picture.with_suffix("")), "-l", "jpn", "tsv"]
    subprocess.run(command, check=True, capture_output=True)


def naive_s(pdf: Path, pages: int) -> float:
    """Seconds of the simplest loop: RGB pages, `jpn+eng`, one page after the other."""
    began = time.monotonic()
    for number in range(1, pages + 1):
        (image,) = convert_from_path(str(pdf), dpi=_DPI, first_page=number, last_page=number)
        pytesseract.image_to_string(image, lang="jpn+eng")
    return time.monotonic() - began


def seconds_of(rival: str, pdf: Path, pages: int) -> float:
    """Run a rival in its own process: `floor` and `naive` with one OpenMP thread, `default` with all."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    if rival != "default":
        environment["OMP_THREAD_LIMIT"] = "1"
    command = [sys.executable, "-m", "bench.rivals", rival, str(pdf), str(pages)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    _, name, file, count = sys.argv
    run = floor_s if name == "floor" else naive_s
    sys.stdout.write(f"{run(Path(file), int(count))}\n")
