"""The OCR model to begin a page with, taken from the page before it."""

from __future__ import annotations

from worker.models.page import Page

VERTICAL_SUFFIX = "_vert"


def hint_of(page: Page) -> str | None:
    """The model that read this page, else its language: the next page probably needs the same.

    A text layer may have only a script (`Latn`), see `language_of_text`.
    """
    if page.language is None or page.engine is None:
        return page.language
    vertical = page.language + VERTICAL_SUFFIX
    return vertical if vertical in page.engine.split() else page.language


def language_of(model: str) -> str:
    """The language a model reads: jpn for jpn_vert."""
    return model.removesuffix(VERTICAL_SUFFIX)
