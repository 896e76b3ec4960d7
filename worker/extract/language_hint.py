"""The OCR model to begin a page with, told from the page before it."""

from __future__ import annotations

from worker.models.page import Page

VERTICAL_SUFFIX = "_vert"


def hint_of(page: Page) -> str | None:
    """The model to begin the next page with: the one that read this page, or just its language."""
    if page.language is None or page.engine is None:
        return page.language
    vertical = page.language + VERTICAL_SUFFIX
    return vertical if vertical in page.engine.split() else page.language


def language_of(model: str) -> str:
    """The language a model reads: jpn for jpn_vert."""
    return model.removesuffix(VERTICAL_SUFFIX)
