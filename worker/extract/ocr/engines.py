"""The two ways to run Tesseract, by the name they have in the settings: as a program and in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from worker.extract.ocr import tesseract_api, tesseract_cli


class Recognise(Protocol):
    """Read an image once; `tesseract_cli.recognise` says what it takes and raises."""

    def __call__(self, image_path: Path, *, language: str, psm: int, dpi: int, is_probe: bool = False) -> str:
        """The TSV of the image."""


class DetectScript(Protocol):
    """Find out the script of an image; see `tesseract_cli.detect_script`."""

    def __call__(self, image_path: Path, *, dpi: int) -> tuple[str, float]:
        """Tesseract's name of the script and its confidence; "" where there are too few characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TesseractEngine:
    """One way to run Tesseract; pages name it as the engine that read them."""

    name: str
    recognise: Recognise
    detect_script: DetectScript


ENGINES: Mapping[str, TesseractEngine] = {
    "tesseract": TesseractEngine(
        name="tesseract",
        recognise=tesseract_cli.recognise,
        detect_script=tesseract_cli.detect_script,
    ),
    "tesserocr": TesseractEngine(
        name="tesserocr",
        recognise=tesseract_api.recognise,
        detect_script=tesseract_api.detect_script,
    ),
}


def engine_of(name: str, *, net_s: float) -> TesseractEngine:
    """The engine of that name in ENGINES, its programs ended where one of them hangs for `net_s`.

    Inside this process nothing ends Tesseract; the parent has a net around the whole process.
    """
    if name != "tesseract":
        return ENGINES[name]
    return replace(
        ENGINES[name],
        recognise=partial(tesseract_cli.recognise, net_s=net_s),
        detect_script=partial(tesseract_cli.detect_script, net_s=net_s),
    )
