"""What the rows read pictures with, the worker's engine and plain Tesseract, and how they count.

Accuracy is 1 - edits / characters of the truth, whitespace left out, NFKC. CPU seconds are those of this
process and its children.
"""

from __future__ import annotations

import os
import resource
import subprocess
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.extract.capabilities import probe
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.read_options import ReadOptions
from worker.extract.tools import resolve_options

Read = Callable[[Path], str]
"""A picture's text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Errors (1 - accuracy) of some pages, and the CPU seconds of each."""

    errors: Sequence[float]
    seconds: Sequence[float]

    @property
    def error(self) -> float:
        """The mean of a page."""
        return fmean(self.errors)

    @property
    def cpu_s(self) -> float:
        """Of all pages."""
        return sum(self.seconds)


def default_options() -> ReadOptions:
    """The default settings, as far as they can be met here."""
    return resolve_options(read_options(Settings()), probe())


def engine_of(options: ReadOptions, *, second_pass: bool = True) -> OCREngine:
    """The worker's engine of the options; without the network where `second_pass` is false."""
    if not second_pass or options.second_pass != "on":
        return OCREngine(ocr_engine=options.ocr_engine)
    lines = LineRerecognition(
        confidence=options.second_pass_confidence,
        max_lines=options.second_pass_max_lines,
        max_pixels=options.second_pass_max_pixels,
    )
    return OCREngine(ocr_engine=options.ocr_engine, second_pass=lines)


def read_by(engine: OCREngine, picture: Path) -> str:
    """The text of a page of which nothing is known."""
    return engine.read_page(picture, number=1, hint=None).text


def read_plainly(picture: Path, languages: str = "jpn", *, psm: int = 3) -> str:
    """The text by one plain `tesseract` on one thread."""
    command = ["tesseract", str(picture), "-", "-l", languages, "--psm", str(psm)]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def read_in_turn(
    readers: Mapping[str, Read], pictures: Sequence[Path], truths: Sequence[str]
) -> dict[str, Reading]:
    """Each picture by each reader, one after the other: a slow minute of the machine is one for all."""
    errors: dict[str, list[float]] = {name: [] for name in readers}
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for picture, truth in zip(pictures, truths, strict=True):
        for name, read in readers.items():
            before_s = cpu_s()
            text = read(picture)
            seconds[name].append(cpu_s() - before_s)
            errors[name].append(1 - accuracy_of(text, truth))
    return {name: Reading(errors=errors[name], seconds=seconds[name]) for name in readers}


def cpu_s() -> float:
    """CPU seconds of this process and its children so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def accuracy_of(text: str, truth: str) -> float:
    """1 - character error rate, never below 0."""
    read, true = (unicodedata.normalize("NFKC", "".join(each.split())) for each in (text, truth))
    return max(0.0, 1 - _edits(read, true) / len(true))


def _edits(first: str, second: str) -> int:
    """Levenshtein distance, a row of the matrix at a time."""
    characters = np.array([ord(char) for char in first], dtype=np.int64)
    steps = np.arange(len(first) + 1)
    row = steps.copy()
    for number, char in enumerate(second, start=1):
        candidate = np.concatenate(([number], np.minimum(row[1:] + 1, row[:-1] + (characters != ord(char)))))
        row = np.minimum.accumulate(candidate - steps) + steps  # the cost of insertions to the left
    return int(row[-1])
