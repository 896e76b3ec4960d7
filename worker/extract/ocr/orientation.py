"""How a page is read: its turn and its model, found out on a sample of it.

A sample is an eighth of a page, so several ways of reading it cost less than one wrong pass over all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from worker.extract.image.affine import turn
from worker.extract.image.ink import ink_of
from worker.extract.language_hint import VERTICAL_SUFFIX, language_of
from worker.extract.ocr.evidence.reading_quality import (
    is_convincing,
    is_latin,
    plausible_chars,
    reads_cjk,
)
from worker.extract.ocr.model_selection import block_psm_of
from worker.extract.ocr.sample import Sample, runs_down
from worker.extract.ocr.tesseract_tsv import OcrText

_CLEARLY_BETTER = 1.3
_MIN_CHARS, _MIN_WORDS = 6, 0.1
"""Two or three characters are convincing in any turn, and figures alone in any model."""

Read = Callable[[Image.Image, str, int], OcrText]
"""Reads a picture with a model in a page segmentation mode."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to read a page: turned clockwise by `degrees`, with a model."""

    degrees: int
    model: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Probe:
    way: Way
    ocr_text: OcrText

    @property
    def weight(self) -> float:
        return plausible_chars(self.ocr_text) * (self.ocr_text.confidence or 0.0)

    @property
    def is_convincing(self) -> bool:
        words = sum(map(str.isalpha, self.ocr_text.text))
        is_enough = words >= _MIN_CHARS and words > _MIN_WORDS * self.ocr_text.chars
        return is_enough and is_convincing(self.ocr_text)


def way_to_read(sample: Sample, *, first: str, languages: Sequence[str], vertical: bool, read: Read) -> Way:
    """The way in which the sample reads best; upright where no turn is clearly better.

    `first` is the likeliest model, `vertical` says whether models of vertical text may be asked.
    """
    probes: list[_Probe] = []
    for way in _ways(sample.picture, first, languages, vertical=vertical):
        probe = _probe(sample.picture, way, read)
        if reads_cjk(way.model) and is_latin(probe.ocr_text):
            # The other language before the turn: upside down, English is Latin characters, too.
            probe = _in_latin(sample.picture, probe, languages, read)
        probes.append(probe)
        if probe.is_convincing:
            return probe.way
    upright = max((probe for probe in probes if not probe.way.degrees), key=lambda probe: probe.weight)
    best = max(probes, key=lambda probe: probe.weight)
    return best.way if best.weight > _CLEARLY_BETTER * upright.weight else upright.way


def _probe(picture: Image.Image, way: Way, read: Read) -> _Probe:
    ocr_text = read(turn(picture, way.degrees), way.model, block_psm_of(way.model))
    return _Probe(way=way, ocr_text=ocr_text)


def _in_latin(picture: Image.Image, probe: _Probe, languages: Sequence[str], read: Read) -> _Probe:
    model = next((language for language in languages if not reads_cjk(language)), None)
    if model is None:
        return probe
    way = Way(degrees=probe.way.degrees, model=model)
    if probe.is_convincing:
        return _Probe(way=way, ocr_text=probe.ocr_text)
    other = _probe(picture, way, read)
    return other if plausible_chars(other.ocr_text) >= plausible_chars(probe.ocr_text) else probe


def _ways(picture: Image.Image, first: str, languages: Sequence[str], *, vertical: bool) -> Iterator[Way]:
    """Ways to read a picture, the likelier ones first: lines across, or down, by the gaps between them.

    Lines across may be those of a vertical page that lies, and lines down those of one on its head.
    """
    language = language_of(first)
    others = [other for other in languages if other != language]
    has_vertical = vertical and reads_cjk(language)
    upright, head_down, right, left = (
        [Way(degrees=degrees, model=language + VERTICAL_SUFFIX)] if has_vertical else []
        for degrees in (0, 180, 90, 270)
    )
    across = [Way(degrees=0, model=model) for model in (language, *others)]
    across.append(Way(degrees=180, model=language))
    down = [*upright, *(Way(degrees=degrees, model=language) for degrees in (90, 270))]
    is_down = runs_down(ink_of(picture))
    if is_down is None:
        yield from (across[0], *down, *across[1:], *right, *left, *head_down)
    elif is_down:
        yield from (*down, *head_down, *across, *right, *left)
    else:
        yield from (*across, *right, *left, *down, *head_down)
