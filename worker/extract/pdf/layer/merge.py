"""A page's text layer merged with the OCR of the same page.

the layer is good      -> its text, then the OCR of the page's pictures: `mixed`
both agree             -> the layer: its characters are exact; letters that it lacks are taken from the OCR
the layer is too short -> the OCR; the layer stays in front where the picture lacks it
the layer is garbage   -> the OCR, unless that is next to nothing and the layer is not
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from worker.errors import Code
from worker.extract.pdf.layer.holes import fill_holes
from worker.extract.pdf.layer.quality import (
    LayerReason,
    check_quality,
    has_holes,
    may_be_misread,
    word_score,
)
from worker.models.page import Page, TextSource

# Where the layer is the page's text, a picture in another script costs none of it.
_BESIDE_LAYER = {Code.OTHER_SCRIPT.value: Code.SCRIPT_BESIDE_LAYER.value}
# Photographs, patterns and upside-down words give noise at 20 to 52, text in pictures over 80.
_MIN_CONFIDENCE = 60.0
_SAME = 0.75
# Up to a fifth of such a layer has no meaning, so the rest must match but for single OCR errors.
_SAME_UNMAPPED = 0.95
# In plausibility: two good readings of a page differ by less.
_CLEARLY_BETTER = 0.1
# A cipher may have the same letters, but not the same pairs of them.
_SAME_PAIRS = 0.5
# From this share of a stamp's characters in the OCR on, the stamp is not repeated in front of it.
_CONTAINED = 0.85


def join(layer: Page, ocr: Page) -> Page:
    """The page to store. `layer` is the page by its layer alone, with the reason if it is of low quality.

    A failed OCR leaves the layer's text where that is accepted, with the failure's reason.
    """
    joined, unread = _join(layer, ocr), (*layer.unread, *ocr.unread)
    if joined.layer_reason is None:
        unread = tuple(_BESIDE_LAYER.get(code, code) for code in unread)
    return replace(joined, unread=tuple(dict.fromkeys(unread)))


def _join(layer: Page, ocr: Page) -> Page:
    if layer.layer_reason is None:
        return _append_pictures(layer, ocr)
    layer = _fill_holes(layer, ocr)
    if _is_same_text(layer, ocr) and not _is_misread_beside(layer, ocr):
        return _keep_layer(layer, ocr, keep_reason=False)
    if layer.layer_reason == LayerReason.TOO_SHORT:
        return _merge_short_layer(layer, ocr)
    if _is_ocr_poor(layer, ocr):
        return _keep_layer(layer, ocr, keep_reason=True)
    return replace(ocr, layer_text=layer.text, layer_reason=layer.layer_reason)


def keep_layer_without_ocr(layer: Page, *, reason: str, source: TextSource) -> Page:
    """The page without OCR: the layer's text if it is accepted, else none."""
    if layer.layer_reason in (None, LayerReason.TOO_SHORT):
        return replace(layer, reason=reason)
    return replace(layer, text="", source=source, reason=reason, language=None, layer_text=layer.text)


def _append_pictures(layer: Page, ocr: Page) -> Page:
    if ocr.source.is_failure:
        return keep_layer_without_ocr(layer, reason=ocr.reason or "", source=ocr.source)
    if (ocr.confidence or 0.0) < _MIN_CONFIDENCE:
        return replace(layer, ocr_s=ocr.ocr_s)
    return _concatenate(layer, ocr)


def _merge_short_layer(layer: Page, ocr: Page) -> Page:
    """A short but good layer beside the OCR of the whole page."""
    if ocr.source.is_failure:
        return keep_layer_without_ocr(layer, reason=ocr.reason or "", source=ocr.source)
    if _share_within(layer.text, ocr.text) >= _CONTAINED:
        return replace(ocr, layer_text=layer.text, layer_reason=layer.layer_reason)
    return _concatenate(layer, ocr)


def _concatenate(layer: Page, ocr: Page) -> Page:
    if not ocr.text:
        return replace(layer, ocr_s=ocr.ocr_s)
    return replace(
        ocr,
        text=f"{layer.text}\n\n{ocr.text}",
        source=TextSource.MIXED,
        language=layer.language or ocr.language,
        layer_reason=layer.layer_reason,
    )


def _keep_layer(layer: Page, ocr: Page, *, keep_reason: bool) -> Page:
    reason = layer.layer_reason if keep_reason else None
    return replace(layer, ocr_s=ocr.ocr_s, layer_reason=reason)


def _fill_holes(layer: Page, ocr: Page) -> Page:
    if layer.layer_reason != LayerReason.UNMAPPED or ocr.source.is_failure:
        return layer
    return replace(layer, text=fill_holes(layer.text, ocr.text))


def _is_misread_beside(layer: Page, ocr: Page) -> bool:
    """Whether the layer looks less like words than the OCR that agrees with it by and large, or has holes."""
    if layer.layer_reason == LayerReason.UNMAPPED:
        return has_holes(layer.text)
    is_sure = (ocr.confidence or 0.0) >= _MIN_CONFIDENCE
    garbage = layer.layer_reason == LayerReason.GARBAGE
    return garbage and is_sure and word_score(ocr.text) > word_score(layer.text) + _CLEARLY_BETTER


def _is_ocr_poor(layer: Page, ocr: Page) -> bool:
    """Whether the OCR has less than half of the text at low confidence, and the layer has some real text."""
    if ocr.source.is_failure or layer.layer_reason == LayerReason.UNMAPPED:
        return False
    unsure = (ocr.confidence or 0.0) < _MIN_CONFIDENCE
    less = 2 * _size(ocr.text) < _size(layer.text)
    return less and unsure and not _is_symbols(layer.text) and not may_be_misread(layer.text)


def _is_symbols(text: str) -> bool:
    return check_quality(text) is not None and sum(map(str.isalnum, text)) * 2 < _size(text)


def _is_same_text(layer: Page, ocr: Page) -> bool:
    """Whether two texts are the same but for single misread characters."""
    one, other = layer.text, ocr.text
    same = _SAME_UNMAPPED if layer.layer_reason == LayerReason.UNMAPPED else _SAME
    return (
        min(_share_within(one, other), _share_within(other, one)) >= same
        and _share_of_pairs_within(one, other) >= _SAME_PAIRS
    )


def _share_within(part: str, whole: str) -> float:
    chars = Counter("".join(part.split()))
    common = chars & Counter("".join(whole.split()))
    return common.total() / max(1, chars.total())


def _share_of_pairs_within(part: str, whole: str) -> float:
    pairs = _pairs(part)
    return (pairs & _pairs(whole)).total() / max(1, pairs.total())


def _pairs(text: str) -> Counter[str]:
    chars = "".join(text.split())
    return Counter(map("".join, pairwise(chars))) or Counter([chars])


def _size(text: str) -> int:
    return len("".join(text.split()))
