"""The model to begin the next page with."""

from __future__ import annotations

import pytest

from worker.extract.language_hint import hint_of
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("language", "engine", "hint"),
    [
        ("jpn", "tesserocr jpn_vert", "jpn_vert"),
        ("jpn", "tesserocr jpn + 3 lines openvino bf16", "jpn"),
        ("eng", None, "eng"),
        ("Latn", None, "Latn"),
        ("Hani", "tesserocr jpn", "Hani"),
        (None, "tesserocr jpn_vert", None),
    ],
    ids=["vertical", "horizontal", "text layer", "script", "both texts", "nothing read"],
)
def test_the_next_page_begins_with_the_model_that_read_this_one(
    language: str | None, engine: str | None, hint: str | None
) -> None:
    page = Page(number=1, text="", source=TextSource.OCR, language=language, engine=engine)

    assert hint_of(page) == hint
