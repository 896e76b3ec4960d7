"""The OCR engines by name."""

from __future__ import annotations

import pytest

from worker.extract.ocr.engines import ENGINES

pytestmark = pytest.mark.unit


def test_every_ocr_engine_has_its_own_name() -> None:
    assert {name: ocr_engine.name for name, ocr_engine in ENGINES.items()} == {
        "tesseract": "tesseract",
        "tesserocr": "tesserocr",
    }
