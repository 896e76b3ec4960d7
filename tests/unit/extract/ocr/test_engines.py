"""The recognisers by name."""

from __future__ import annotations

import pytest

from worker.extract.ocr.engines import RECOGNISERS

pytestmark = pytest.mark.unit


def test_every_recogniser_is_found_under_its_own_name() -> None:
    assert {name: recogniser.name for name, recogniser in RECOGNISERS.items()} == {
        "tesseract": "tesseract",
        "tesserocr": "tesserocr",
    }
