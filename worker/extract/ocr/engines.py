"""The OCR engines by name: each reads the picture of a page into Tesseract's TSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from worker.extract.ocr import tesseract_api, tesseract_cli


class Recognise(Protocol):
    """Read a picture once; see `tesseract_cli.recognise` for what it takes and raises."""

    def __call__(self, image_path: Path, *, language: str, psm: int, dpi: int, timeout_s: float) -> str:
        """The TSV of the picture."""


class RotationDegrees(Protocol):
    """Tell how a picture must be turned; see `tesseract_cli.rotation_degrees`."""

    def __call__(self, image_path: Path, *, dpi: int, timeout_s: float) -> int:
        """Degrees clockwise: 0, 90, 180 or 270."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """What reads pages, under the name it has in the settings and in the pages it read."""

    name: str
    recognise: Recognise
    rotation_degrees: RotationDegrees


ENGINES: Mapping[str, Engine] = {
    "tesseract": Engine(
        name="tesseract",
        recognise=tesseract_cli.recognise,
        rotation_degrees=tesseract_cli.rotation_degrees,
    ),
    "tesserocr": Engine(
        name="tesserocr",
        recognise=tesseract_api.recognise,
        rotation_degrees=tesseract_api.rotation_degrees,
    ),
}
