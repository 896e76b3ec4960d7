"""A layer and a recognition of the same page: what is kept as text, and what beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.extract.pdf.layer_merge import join, unrecognised
from worker.extract.pdf.layer_quality import LayerReason
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on in the sun."


def _layer(text: str, reason: LayerReason | None = None) -> Page:
    return Page(number=2, text=text, source=TextSource.TEXT_LAYER, language="eng", layer_reason=reason)


def _read(text: str, confidence: float | None = 90.0) -> Page:
    source = TextSource.OCR
    return Page(number=2, text=text, source=source, confidence=confidence, language="jpn", ocr_s=1.5)


_LOST = Page(number=2, text="", source=TextSource.TIMED_OUT, reason="timeout")


def test_text_in_pictures_stands_behind_that_of_a_good_layer() -> None:
    page = join(_layer("Contents"), _read("Figure"))

    assert (page.text, page.source, page.confidence) == ("Contents\n\nFigure", TextSource.MIXED, 90.0)
    assert (page.layer_text, page.layer_reason, page.language) == (None, None, "eng")


@pytest.mark.parametrize("recognised", [_read("", None), _read("l | ;", 31.0)], ids=["nothing", "rubbish"])
def test_a_picture_without_text_adds_nothing(recognised: Page) -> None:
    assert join(_layer("Contents"), recognised) == replace(_layer("Contents"), ocr_s=1.5)


def test_a_good_layer_survives_a_failed_recognition() -> None:
    assert join(_layer("Contents"), _LOST) == replace(_layer("Contents"), reason="timeout")


@pytest.mark.parametrize("reason", LayerReason)
def test_a_layer_that_the_recognition_confirms_is_the_text(reason: LayerReason) -> None:
    page = join(_layer(_TEXT, reason), _read(_TEXT.replace("quick", "qu1ck")))

    assert (page.text, page.source, page.layer_reason) == (_TEXT, TextSource.TEXT_LAYER, None)


def test_the_same_letters_in_another_order_confirm_nothing() -> None:
    mixed = "".join(sorted(_TEXT))

    assert join(_layer(mixed, LayerReason.GARBAGE), _read(_TEXT)).text == _TEXT


def test_a_layer_whose_every_fifth_character_means_nothing_is_not_confirmed_by_the_others() -> None:
    holed = "".join("\ue001" if place % 5 == 0 else char for place, char in enumerate(_TEXT))

    page = join(_layer(holed, LayerReason.UNMAPPED), _read(_TEXT))

    assert (page.text, page.layer_text) == (_TEXT, holed)


def test_garbage_gives_way_and_is_kept_beside() -> None:
    page = join(_layer('"7+%-', LayerReason.GARBAGE), _read("Phone"))

    assert (page.text, page.source) == ("Phone", TextSource.OCR)
    assert (page.layer_text, page.layer_reason) == ('"7+%-', "garbage")


def test_a_layer_with_writing_in_it_stays_where_the_recognition_finds_next_to_nothing() -> None:
    page = join(_layer(_TEXT, LayerReason.SCRIPT_MIX), _read("~ ;", 20.0))

    assert (page.text, page.source, page.layer_reason) == (_TEXT, TextSource.TEXT_LAYER, "script_mix")


@pytest.mark.parametrize("lost", [_LOST, _read("", None)], ids=["failed", "nothing found"])
def test_characters_that_mean_nothing_are_never_the_text(lost: Page) -> None:
    page = join(_layer("\ue001\ue002", LayerReason.UNMAPPED), lost)

    assert (page.text, page.layer_text, page.layer_reason) == ("", "\ue001\ue002", "unmapped")
    assert page.source is lost.source


def test_a_stamp_that_the_recognition_read_too_is_not_told_twice() -> None:
    page = join(_layer("Received 5 March", LayerReason.TOO_SHORT), _read(f"{_TEXT} Received 5 March"))

    assert (page.text, page.layer_text) == (f"{_TEXT} Received 5 March", "Received 5 March")


def test_a_short_layer_that_is_not_in_the_picture_stays_in_front() -> None:
    page = join(_layer("秘密 第三号", LayerReason.TOO_SHORT), _read(_TEXT, 40.0))

    assert (page.text, page.source) == (f"秘密 第三号\n\n{_TEXT}", TextSource.MIXED)
    assert page.layer_reason == "too_short"


@pytest.mark.parametrize("lost", [_LOST, _read("", None)], ids=["failed", "nothing found"])
def test_a_short_layer_is_better_than_nothing(lost: Page) -> None:
    page = join(_layer("Received", LayerReason.TOO_SHORT), lost)

    assert (page.text, page.source, page.reason) == ("Received", TextSource.TEXT_LAYER, lost.reason)


@pytest.mark.parametrize(
    ("reason", "text", "source"),
    [
        (None, "abc", TextSource.TEXT_LAYER),
        (LayerReason.TOO_SHORT, "abc", TextSource.TEXT_LAYER),
        (LayerReason.GARBAGE, "", TextSource.NOT_READ),
    ],
)
def test_without_recognition_only_what_can_be_believed_is_text(
    reason: LayerReason | None, text: str, source: TextSource
) -> None:
    page = unrecognised(_layer("abc", reason), reason="too_many_pages", source=TextSource.NOT_READ)

    assert (page.text, page.source, page.reason) == (text, source, "too_many_pages")
    assert page.layer_text == (None if text else "abc")
