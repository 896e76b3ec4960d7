"""The model to begin the next page with."""

from __future__ import annotations

import pytest

from worker.extract.language_hint import PageHints, hint_of
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


def _read(number: int, language: str | None, *, ocr: bool = True) -> Page:
    source = TextSource.OCR if ocr else TextSource.TEXT_LAYER
    return Page(number=number, text="", source=source, language=language, ocr_s=1.0 if ocr else 0.0)


def _hints(pages: int, *finished: Page) -> PageHints:
    hints = PageHints()
    for number in range(1, pages + 1):
        hints.expect(number)
    for page in finished:
        hints.add(page)
    return hints


def test_the_first_pages_wait_for_the_first_one() -> None:
    hints = _hints(9)
    assert [hints.is_known(number) for number in (1, 2, 8)] == [True, False, False]
    hints.add(_read(1, "eng"))
    assert [hints.hint(number) for number in (2, 8)] == ["eng", "eng"]


@pytest.mark.parametrize("order", [range(2, 13), range(12, 1, -1)], ids=["in order", "backwards"])
def test_the_order_in_which_pages_end_changes_no_hint(order: range) -> None:
    hints = _hints(20, _read(1, "jpn"))
    for number in order:
        hints.add(_read(number, "eng"))
    assert [hints.hint(number) for number in (2, 9, 10, 20)] == ["jpn", "jpn", "eng", "eng"]


def test_a_text_layer_just_before_a_page_is_its_hint() -> None:
    hints = PageHints()
    hints.add(_read(1, "jpn", ocr=False))
    hints.expect(2)
    hints.add(_read(3, "eng", ocr=False))
    hints.expect(4)
    assert [hints.hint(number) for number in (2, 4)] == ["jpn", "eng"]


def test_pages_of_an_earlier_attempt_give_the_same_hints() -> None:
    hints = PageHints()
    for number in range(1, 12):
        hints.add(_read(number, "jpn" if number < 5 else "eng"))
    hints.expect(12)
    assert hints.hint(12) == "jpn"


def test_a_page_without_a_language_is_passed_over() -> None:
    assert _hints(12, _read(1, "jpn"), *(_read(n, None) for n in range(2, 12))).hint(12) == "jpn"


def _lost(number: int, *, layer: bool = False) -> Page:
    source = TextSource.TEXT_LAYER if layer else TextSource.TIMED_OUT
    language = "jpn" if layer else None
    return Page(number=number, text="", source=source, language=language, reason="timeout", ocr_cpu_s=3.0)


@pytest.mark.parametrize("layer", [False, True], ids=["no text", "its layer is kept"])
def test_a_lost_page_hints_at_nothing_in_its_attempt_and_in_the_next(layer: bool) -> None:
    first = _hints(3, _lost(1, layer=layer))
    again = PageHints()
    for page in (_lost(1, layer=layer), _read(2, "eng")):
        again.add(page)
    again.expect(3)

    assert (first.is_known(2), first.hint(2)) == (True, None)
    assert not first.is_known(3)
    first.add(_read(2, "eng"))
    assert (first.hint(3), again.hint(3)) == ("eng", "eng")
