"""What users read: their file's name, and nothing that differs from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.extract.user_message import user_message

pytestmark = pytest.mark.unit

_FOLDER = Path("/tmp/cis-worker-ab12cd34/7f")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("original: encrypted; only its password opens it", "a.pdf: encrypted; only its password opens it"),
        ("original, page 3: cannot be parsed", "a.pdf, page 3: cannot be parsed"),
        ("document.doc: not converted within 60 s of work", "a.pdf: not converted within 60 s of work"),
        ("page-00012.pgm: Tesseract ended with status 1", "a.pdf, page 12: Tesseract ended with status 1"),
        (
            "OCRError: page-00012-clean.pgm: Tesseract ended with status 1",
            "OCRError: a.pdf, page 12: Tesseract ended with status 1",
        ),
        ("OCRError: original: no room", "OCRError: a.pdf: no room"),
        ("x: original: no room", "x: original: no room"),
        (
            f"original: not an image (cannot identify image file '{_FOLDER}/original')",
            "a.pdf: not an image (cannot identify image file 'a.pdf')",
        ),
        ("x: cannot identify <_io.BytesIO object at 0x7f1c>", "x: cannot identify a.pdf"),
        ("Open the original on its server.", "Open the original on its server."),
    ],
)
def test_temporary_names_become_the_name_of_the_file(message: str, shown: str) -> None:
    assert user_message(message, name="a.pdf", folders=[_FOLDER]) == shown
