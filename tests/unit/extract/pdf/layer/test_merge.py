"""A layer and the OCR of the same page: what becomes the text, and what is stored beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.extract.pdf.layer.merge import join, keep_layer_without_ocr
from worker.extract.pdf.layer.quality import LayerReason
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on in the sun."


def _layer(text: str, reason: LayerReason | None = None) -> Page:
    return Page(number=2, text=text, source=TextSource.TEXT_LAYER, language="eng", layer_reason=reason)


def _ocr(text: str, confidence: float | None = 90.0) -> Page:
    source = TextSource.OCR
    return Page(number=2, text=text, source=source, confidence=confidence, language="jpn", ocr_s=1.5)


_FAILED = Page(number=2, text="", source=TextSource.TIMED_OUT, reason="timeout")


def test_text_in_pictures_stands_behind_that_of_a_good_layer() -> None:
    page = join(_layer("Contents"), _ocr("Figure"))

    assert (page.text, page.source, page.confidence) == ("Contents\n\nFigure", TextSource.MIXED, 90.0)
    assert (page.layer_text, page.layer_reason, page.language) == (None, None, "eng")


@pytest.mark.parametrize("ocr", [_ocr("", None), _ocr("l | ;", 31.0)], ids=["nothing", "noise"])
def test_a_picture_without_text_adds_nothing(ocr: Page) -> None:
    assert join(_layer("Contents"), ocr) == replace(_layer("Contents"), ocr_s=1.5)


def test_a_good_layer_survives_a_failed_ocr() -> None:
    assert join(_layer("Contents"), _FAILED) == replace(_layer("Contents"), reason="timeout")


@pytest.mark.parametrize("reason", LayerReason)
def test_a_layer_that_the_ocr_confirms_is_the_text(reason: LayerReason) -> None:
    page = join(_layer(_TEXT, reason), _ocr(_TEXT.replace("quick", "qu1ck")))

    assert (page.text, page.source, page.layer_reason) == (_TEXT, TextSource.TEXT_LAYER, None)


def test_the_same_characters_in_another_order_confirm_nothing() -> None:
    mixed = "".join(sorted(_TEXT))

    assert join(_layer(mixed, LayerReason.GARBAGE), _ocr(_TEXT)).text == _TEXT


def test_a_layer_whose_every_fifth_character_is_unmapped_is_not_confirmed_by_the_others() -> None:
    holed = "".join("\ue001" if place % 5 == 0 else char for place, char in enumerate(_TEXT))

    page = join(_layer(holed, LayerReason.UNMAPPED), _ocr(_TEXT))

    assert (page.text, page.layer_text) == (_TEXT, holed)


def test_what_the_fonts_do_not_map_is_filled_from_the_ocr() -> None:
    holed = _TEXT.replace("th", "\ue001").replace("Th", "\ue002")

    page = join(_layer(holed, LayerReason.UNMAPPED), _ocr(_TEXT))

    assert (page.text.count("the"), page.source) == (
        _TEXT.count("the"),
        TextSource.OCR if "\ue002" in page.text else page.source,
    )
    assert "\ue001" not in page.text


def test_a_layer_that_still_has_holes_is_not_confirmed() -> None:
    holed = ("An example of it. " + _TEXT * 5).replace("jumps", "j\ue001ps").replace("sleeps", "sl\ue002ps")

    page = join(
        _layer(holed, LayerReason.UNMAPPED),
        _ocr("An example of it. " + _TEXT.replace("j", "i").replace("sl", "st") * 5),
    )

    assert (page.source, page.layer_text) == (TextSource.OCR, holed)


def test_an_earlier_programs_reading_gives_way_to_a_better_one() -> None:
    layer = _TEXT.replace("ick", "lck").replace("own", "ovvn").replace("lazy", "Iazy").replace("ver", "vcr")

    page = join(_layer(layer, LayerReason.GARBAGE), _ocr(_TEXT))

    assert (page.text, page.layer_text) == (_TEXT, layer)


def test_misread_text_is_not_kept_for_being_longer() -> None:
    stutter = "Aaalggfitted Mmuunnicippaall rrreeport oof tthhee bbuudgett ccommmitteee"

    page = join(_layer(stutter, LayerReason.GARBAGE), _ocr("Municipal report", 55.0))

    assert page.text == "Municipal report"


def test_garbage_is_replaced_and_stored_beside_the_text() -> None:
    page = join(_layer('"7+%-', LayerReason.GARBAGE), _ocr("Phone"))

    assert (page.text, page.source) == ("Phone", TextSource.OCR)
    assert (page.layer_text, page.layer_reason) == ('"7+%-', "garbage")


def test_a_layer_with_real_text_stays_where_the_ocr_finds_next_to_nothing() -> None:
    page = join(_layer(_TEXT, LayerReason.SCRIPT_MIX), _ocr("~ ;", 20.0))

    assert (page.text, page.source, page.layer_reason) == (_TEXT, TextSource.TEXT_LAYER, "script_mix")


@pytest.mark.parametrize("ocr", [_FAILED, _ocr("", None)], ids=["failed", "nothing found"])
def test_unmapped_characters_are_never_the_text(ocr: Page) -> None:
    page = join(_layer("\ue001\ue002", LayerReason.UNMAPPED), ocr)

    assert (page.text, page.layer_text, page.layer_reason) == ("", "\ue001\ue002", "unmapped")
    assert page.source is ocr.source


def test_a_stamp_that_the_ocr_has_too_is_not_repeated() -> None:
    page = join(_layer("Received 5 March", LayerReason.TOO_SHORT), _ocr(f"{_TEXT} Received 5 March"))

    assert (page.text, page.layer_text) == (f"{_TEXT} Received 5 March", "Received 5 March")


def test_a_short_layer_that_is_not_in_the_picture_stays_in_front() -> None:
    page = join(_layer("秘密 第三号", LayerReason.TOO_SHORT), _ocr(_TEXT, 40.0))

    assert (page.text, page.source) == (f"秘密 第三号\n\n{_TEXT}", TextSource.MIXED)
    assert page.layer_reason == "too_short"


@pytest.mark.parametrize("ocr", [_FAILED, _ocr("", None)], ids=["failed", "nothing found"])
def test_a_short_layer_is_better_than_nothing(ocr: Page) -> None:
    page = join(_layer("Received", LayerReason.TOO_SHORT), ocr)

    assert (page.text, page.source, page.reason) == ("Received", TextSource.TEXT_LAYER, ocr.reason)


@pytest.mark.parametrize(
    ("reason", "text", "source"),
    [
        (None, "abc", TextSource.TEXT_LAYER),
        (LayerReason.TOO_SHORT, "abc", TextSource.TEXT_LAYER),
        (LayerReason.GARBAGE, "", TextSource.NOT_READ),
    ],
)
def test_without_ocr_only_an_accepted_layer_is_text(
    reason: LayerReason | None, text: str, source: TextSource
) -> None:
    page = keep_layer_without_ocr(_layer("abc", reason), reason="too_many_pages", source=TextSource.NOT_READ)

    assert (page.text, page.source, page.reason) == (text, source, "too_many_pages")
    assert page.layer_text == (None if text else "abc")


@pytest.mark.parametrize("reason", [None, *LayerReason])
def test_what_either_lacks_is_kept(reason: LayerReason | None) -> None:
    layer = replace(_layer(_TEXT, reason), unread=("attached_files",))

    page = join(layer, replace(_ocr("Another text"), unread=("network_failed", "attached_files")))

    assert page.unread == ("attached_files", "network_failed")


def test_pictures_in_another_script_cost_a_good_layer_nothing() -> None:
    korean = replace(_ocr("", None), unread=("other_script", "network_failed"))

    assert join(_layer("Contents"), korean).unread == ("script_beside_layer", "network_failed")
    page = join(_layer("!!", LayerReason.GARBAGE), replace(_ocr(_TEXT), unread=("other_script",)))
    assert (page.text, page.unread) == (_TEXT, ("other_script",))
