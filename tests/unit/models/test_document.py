"""A document: its state, language, confidence and text sources."""

from __future__ import annotations

import pytest

from worker.models.document import Document, Extraction
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit


def page(text: str = "text", **changes: object) -> Page:
    values: dict[str, object] = {"number": 1, "text": text, "source": TextSource.OCR, **changes}
    return Page(**values)  # type: ignore[arg-type]


def document(*pages: Page) -> Document:
    return Document(
        file_id="f",
        bucket="nas",
        key="a.pdf",
        file_name="a.pdf",
        file_path="a.pdf",
        size_bytes=1,
        file_type=FileType.PDF,
        state=State.INDEXED,
        pages=pages,
    )


@pytest.mark.parametrize(
    ("reason", "pages", "state"),
    [
        (None, (page(),), State.INDEXED),
        (None, (page(""),), State.INDEXED),
        (None, (), State.INDEXED),
        ("timeout", (page(""), page("text", number=2)), State.PARTIAL),
        ("timeout", (page(""),), State.NO_CONTENT),
        ("encrypted", (), State.NO_CONTENT),
    ],
)
def test_the_state_follows_from_the_reason_and_the_text(
    reason: str | None, pages: tuple[Page, ...], state: State
) -> None:
    assert Extraction(file_type=FileType.PDF, pages=pages, reason=reason).state is state


@pytest.mark.parametrize(
    ("pages", "language"),
    [
        ((), None),
        ((page(language=None),), None),
        ((page("日本語の長い文章", language="jpn"), page("short", language="eng")), "jpn"),
        ((page("一", language="jpn"), page("two", language="eng"), page("二三", language="jpn")), "jpn"),
    ],
)
def test_a_document_is_in_the_language_of_most_of_its_text(
    pages: tuple[Page, ...], language: str | None
) -> None:
    assert document(*pages).language == language


@pytest.mark.parametrize(
    ("pages", "confidence"),
    [
        ((), None),
        ((page("layer", confidence=None),), None),
        ((page("", confidence=90.0),), None),
        ((page("aaaa", confidence=90.0), page("bb", confidence=60.0)), 80.0),
        ((page("aaaa", confidence=90.0), page("bbbb", confidence=None)), 90.0),
        ((page("a", confidence=0.0),), 0.0),
        ((page("aaa", confidence=100 / 3),), 33.3),
    ],
)
def test_confidence_is_the_mean_over_ocr_text(pages: tuple[Page, ...], confidence: float | None) -> None:
    assert document(*pages).confidence == confidence


def test_a_document_names_its_sources_once_and_counts_its_text() -> None:
    mixed = document(page("日本"), page("abc", source=TextSource.TEXT_LAYER), page("d"))
    assert mixed.text_sources == ("ocr", "text_layer")
    assert mixed.text_chars == 6
