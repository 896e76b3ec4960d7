"""Detects which programs and libraries for reading documents are installed; the values are in tools.py."""

from __future__ import annotations

from worker.extract.ocr.network.models import models_version
from worker.extract.ocr.network.runtimes import runtime_versions
from worker.extract.ocr.tesseract_api import library_version
from worker.extract.ocr.tesseract_cli import installed_languages, tesseract_version
from worker.extract.office.libreoffice import libre_office_version
from worker.extract.tools import Tools


def probe() -> Tools:
    """Find them with their versions. Raises MisconfiguredError without Tesseract; the others are optional."""
    openvino, onnxruntime = runtime_versions()
    return Tools(
        tesseract=tesseract_version(),
        languages=tuple(sorted(installed_languages())),
        tesserocr=library_version(),
        openvino=openvino,
        onnxruntime=onnxruntime,
        network=models_version(),
        libre_office=libre_office_version(),
    )
