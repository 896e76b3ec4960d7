"""Which programs and libraries that read documents are installed here."""

from __future__ import annotations

from worker.extract.ocr.rapidocr_lines import line_reader_version
from worker.extract.ocr.tesseract_api import library_version
from worker.extract.ocr.tesseract_cli import installed_languages, tesseract_version
from worker.extract.office.libreoffice import libre_office_version
from worker.extract.tools import Tools


def probe() -> Tools:
    """Look around. Raises MisconfiguredError when Tesseract is missing; the others are optional."""
    return Tools(
        tesseract=tesseract_version(),
        languages=tuple(sorted(installed_languages())),
        tesserocr=library_version(),
        rapidocr=line_reader_version(),
        libre_office=libre_office_version(),
    )
