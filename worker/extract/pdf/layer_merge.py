"""One page out of two readings: what its text layer says, and what was recognised of its picture.

the layer was good      -> its text, then what was recognised in the page's pictures: `mixed`
both say the same       -> the layer: its characters are exact
the layer was too short -> what was recognised; the layer stays in front where the picture lacks it
the layer was garbage   -> what was recognised, unless that is next to nothing and the layer is not
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from worker.extract.pdf.layer_quality import LayerReason, doubt
from worker.models.page import Page, TextSource

_LEAST_CONFIDENCE = 60.0
"""Photographs, patterns and upside-down words are read as rubbish at 20 to 52, text in pictures over 80."""
_SAME = 0.75
_SAME_UNMAPPED = 0.95
"""A fifth of such a layer means nothing, so it must be confirmed but for slips of the OCR engine."""
_SAME_PAIRS = 0.5
"""A cipher may have the same letters; pairs of them tell it from the text."""
_CONTAINED = 0.85
"""Share of a stamp's characters in what was recognised, from which on it need not be told twice."""


def join(layer: Page, recognised: Page) -> Page:
    """The page as it is kept. `layer` is the page by its layer alone, with the reason if it is doubted.

    A failed recognition leaves what can be believed of the layer, with the failure's reason.
    """
    if layer.layer_reason is None:
        return _mixed(layer, recognised)
    if _agree(layer, recognised):
        return _kept(layer, recognised, doubted=False)
    if layer.layer_reason == LayerReason.TOO_SHORT:
        return _completed(layer, recognised)
    if _says_less(layer, recognised):
        return _kept(layer, recognised, doubted=True)
    return replace(recognised, layer_text=layer.text, layer_reason=layer.layer_reason)


def unrecognised(layer: Page, *, reason: str, source: TextSource) -> Page:
    """The page where there is no recognition: the layer's text if it can be believed, else none."""
    if layer.layer_reason in (None, LayerReason.TOO_SHORT):
        return replace(layer, reason=reason)
    return replace(layer, text="", source=source, reason=reason, language=None, layer_text=layer.text)


def _mixed(layer: Page, recognised: Page) -> Page:
    if recognised.source.is_failure:
        return unrecognised(layer, reason=recognised.reason or "", source=recognised.source)
    if (recognised.confidence or 0.0) < _LEAST_CONFIDENCE:
        return replace(layer, ocr_s=recognised.ocr_s)
    return _both(layer, recognised)


def _completed(layer: Page, recognised: Page) -> Page:
    """A short but believable layer beside a recognition of the whole page."""
    if recognised.source.is_failure:
        return unrecognised(layer, reason=recognised.reason or "", source=recognised.source)
    if _contained(layer.text, recognised.text) >= _CONTAINED:
        return replace(recognised, layer_text=layer.text, layer_reason=layer.layer_reason)
    return _both(layer, recognised)


def _both(layer: Page, recognised: Page) -> Page:
    if not recognised.text:
        return replace(layer, ocr_s=recognised.ocr_s)
    return replace(
        recognised,
        text=f"{layer.text}\n\n{recognised.text}",
        source=TextSource.MIXED,
        language=layer.language or recognised.language,
        layer_reason=layer.layer_reason,
    )


def _kept(layer: Page, recognised: Page, *, doubted: bool) -> Page:
    reason = layer.layer_reason if doubted else None
    return replace(layer, ocr_s=recognised.ocr_s, layer_reason=reason)


def _says_less(layer: Page, recognised: Page) -> bool:
    """Whether the recognition found less than half, is unsure of it, and the layer has some writing in it."""
    if recognised.source.is_failure or layer.layer_reason == LayerReason.UNMAPPED:
        return False
    unsure = (recognised.confidence or 0.0) < _LEAST_CONFIDENCE
    less = 2 * _size(recognised.text) < _size(layer.text)
    return less and unsure and not _is_signs(layer.text)


def _is_signs(text: str) -> bool:
    return doubt(text) is not None and sum(map(str.isalnum, text)) * 2 < _size(text)


def _agree(layer: Page, recognised: Page) -> bool:
    """Whether two texts are the same but for single misread characters."""
    one, other = layer.text, recognised.text
    same = _SAME_UNMAPPED if layer.layer_reason == LayerReason.UNMAPPED else _SAME
    return (
        min(_contained(one, other), _contained(other, one)) >= same
        and _contained_pairs(one, other) >= _SAME_PAIRS
    )


def _contained(part: str, whole: str) -> float:
    letters = Counter("".join(part.split()))
    found = letters & Counter("".join(whole.split()))
    return found.total() / max(1, letters.total())


def _contained_pairs(part: str, whole: str) -> float:
    pairs = _pairs(part)
    return (pairs & _pairs(whole)).total() / max(1, pairs.total())


def _pairs(text: str) -> Counter[str]:
    chars = "".join(text.split())
    return Counter(map("".join, pairwise(chars))) or Counter([chars])


def _size(text: str) -> int:
    return len("".join(text.split()))
