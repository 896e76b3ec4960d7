"""A page whose text is in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import OCRError
from worker.extract.read_options import ReadOptions
from worker.extract.text.plain import open_text

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def test_a_page_of_text_cannot_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")

    with pytest.raises(OCRError):
        open_text(path, _OPTIONS).render(1, tmp_path)
