"""How right the text is: the generated pages of the test bed, read by the worker and by plain Tesseract.

Accuracy is 1 - edits / characters of the truth, whitespace left out, NFKC. Both read the same pictures one
after the other on one thread; CPU seconds are those of this process and its children.
"""

from __future__ import annotations

import os
import resource
import subprocess
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from bench.figure import Figure
from bench.test_bed import CONDITIONS, HARD, TEXTS, bed_page
from worker.config import Settings
from worker.extract.ocr_engine import OCREngine
from worker.extract.second_look import SecondLook
from worker.extract.tools import chosen, tools_here
from worker.read_options import ReadOptions

_WORST = -0.005
_HARD_ERROR = 0.7


@dataclass(frozen=True, kw_only=True, slots=True)
class _Score:
    accuracy: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """One page's scores: plain Tesseract, the worker without and with the second look."""

    text: str
    condition: str
    plain: _Score
    alone: _Score
    with_look: _Score | None


def accuracy(home: Path) -> list[Figure]:
    """All kinds of text in all conditions."""
    settings = Settings()
    asked = ReadOptions(limits=settings.limits, languages=settings.languages, dpi=settings.ocr_dpi)
    options = chosen(asked, tools_here())
    alone = OCREngine(recogniser=options.recogniser)
    look = SecondLook(confidence=options.second_look_confidence, budget_s=options.second_look_budget_s)
    twice = (
        OCREngine(recogniser=options.recogniser, second_look=look) if options.second_look == "on" else None
    )
    if twice is not None:
        _warm(twice, home)
    pages = [_scored(home, kind, condition, alone, twice) for kind in TEXTS for condition in CONDITIONS]
    return [*_by_set(pages), *_in_all(pages), *_second_look(pages)]


def _warm(engine: OCREngine, home: Path) -> None:
    """Load what is loaded once a document, so that no single page pays for it."""
    picture = home / "warm.pgm"
    bed_page("mixed", "fax").picture.convert("L").save(picture)
    engine.read_page(picture, number=1, hint=None)


def _scored(home: Path, text: str, condition: str, alone: OCREngine, twice: OCREngine | None) -> _Page:
    page = bed_page(text, condition)
    picture = home / "page.pgm"
    page.picture.convert("L").save(picture)

    def ours(engine: OCREngine) -> str:
        return engine.read_page(picture, number=1, hint=None).text

    return _Page(
        text=text,
        condition=condition,
        plain=_score(page.truth, lambda: _plain(picture)),
        alone=_score(page.truth, lambda: ours(alone)),
        with_look=None if twice is None else _score(page.truth, lambda: ours(twice)),
    )


def _score(truth: str, read: Callable[[], str]) -> _Score:
    began_s = _cpu_s()
    text = read()
    return _Score(cpu_s=_cpu_s() - began_s, accuracy=accuracy_of(text, truth))


def _plain(picture: Path) -> str:
    command = ["tesseract", str(picture), "-", "-l", "jpn+eng"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def accuracy_of(text: str, truth: str) -> float:
    """1 - character error rate, never below 0."""
    read, true = (unicodedata.normalize("NFKC", "".join(each.split())) for each in (text, truth))
    return max(0.0, 1 - _edits(read, true) / len(true))


def _edits(first: str, second: str) -> int:
    """Levenshtein's distance, a row of the matrix at a time."""
    letters = np.array([ord(char) for char in first], dtype=np.int64)
    steps = np.arange(len(first) + 1)
    row = steps.copy()
    for number, char in enumerate(second, start=1):
        candidate = np.concatenate(([number], np.minimum(row[1:] + 1, row[:-1] + (letters != ord(char)))))
        row = np.minimum.accumulate(candidate - steps) + steps  # what an insertion to the left would cost
    return int(row[-1])


def _by_set(pages: Sequence[_Page]) -> list[Figure]:
    """The sets (all texts of a condition, all conditions of a text), each beside plain Tesseract."""
    sets = {condition: [page for page in pages if page.condition == condition] for condition in CONDITIONS}
    sets |= {text: [page for page in pages if page.text == text] for text in TEXTS}
    figures = []
    for name, members in sets.items():
        ours, plain = (fmean(s.accuracy for s in scores) for scores in (_ours(members), _plains(members)))
        worst = min(_best(page).accuracy - page.plain.accuracy for page in members)
        figures.append(
            Figure(
                what=f"character accuracy, {name}: worker / tesseract -l jpn+eng (worst page's difference)",
                figure=f"{ours:.3f} / {plain:.3f} ({worst:+.3f})",
                must=f">= {_WORST}",
                met=worst >= _WORST,
            )
        )
    return figures


def _in_all(pages: Sequence[_Page]) -> list[Figure]:
    ours, plain = (fmean(s.accuracy for s in scores) for scores in (_ours(pages), _plains(pages)))
    return [
        Figure(
            what=f"character accuracy, mean of all {len(pages)} pages",
            figure=f"{ours:.3f} / {plain:.3f} (CPU {_cpu_ratio(_ours(pages), _plains(pages)):.2f} x)",
            must="higher",
            met=ours > plain,
        )
    ]


def _second_look(pages: Sequence[_Page]) -> list[Figure]:
    hard = [page for page in pages if page.condition in HARD]
    looked = [page.with_look for page in hard if page.with_look is not None]
    if not looked:
        return [Figure(what="second look", figure="not installed", must="printed", met=None)]
    errors = {name: _error(scores) for name, scores in (("plain", _plains(hard)), ("look", looked))}
    alone = [page.alone for page in hard]
    to_plain = errors["look"] / errors["plain"]
    return [
        Figure(
            what=f"error on the hard sets ({', '.join(HARD)}), second look on / tesseract -l jpn+eng",
            figure=f"{to_plain:.2f} x ({errors['look']:.3f} / {errors['plain']:.3f})"
            f", CPU {_cpu_ratio(looked, _plains(hard)):.2f} x",
            must=f"<= {_HARD_ERROR} x",
            met=to_plain <= _HARD_ERROR,
        ),
        Figure(
            what="the same, second look on / off",
            figure=f"{errors['look'] / _error(alone):.2f} x ({errors['look']:.3f} / {_error(alone):.3f})"
            f", CPU {_cpu_ratio(looked, alone):.2f} x",
            must="printed",
            met=None,
        ),
    ]


def _best(page: _Page) -> _Score:
    """What a worker with everything installed reads."""
    return page.with_look or page.alone


def _ours(pages: Sequence[_Page]) -> list[_Score]:
    return [_best(page) for page in pages]


def _plains(pages: Sequence[_Page]) -> list[_Score]:
    return [page.plain for page in pages]


def _error(scores: Sequence[_Score]) -> float:
    return 1 - fmean(score.accuracy for score in scores)


def _cpu_ratio(ours: Sequence[_Score], theirs: Sequence[_Score]) -> float:
    return sum(score.cpu_s for score in ours) / sum(score.cpu_s for score in theirs)
