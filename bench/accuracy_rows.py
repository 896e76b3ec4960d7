"""Character accuracy on the generated pages of the test bed: the worker beside plain Tesseract.

Accuracy is 1 - edits / characters of the truth, whitespace left out, NFKC. Both read the same images one
after the other on one thread; CPU seconds are those of this process and its children.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

from bench.figure import Figure
from bench.reading.readers import accuracy_of, cpu_s, default_options, engine_of, read_by, read_plainly
from bench.reading.set_rows import office_sets
from bench.test_bed import CONDITIONS, HARD, TEXTS, BedPage, bed_page
from worker.extract.ocr.ocr_engine import OCREngine
from worker.samples.scans import write_scan

_WORST = -0.005
_HARD_ERROR = 0.7
_SCAN_PAGES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class _Score:
    accuracy: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """One page's scores: plain Tesseract, the worker, and on hard pages without the second pass."""

    text: str
    condition: str
    plain: _Score
    ours: _Score
    alone: _Score | None


def accuracy(home: Path) -> list[Figure]:
    """All kinds of text in all conditions."""
    options = default_options()
    has_second_pass = options.second_pass == "on"
    engine, alone = engine_of(options), engine_of(options, second_pass=False)
    _warm(engine, home)
    pages = [
        _score_page(
            home, bed_page(text, condition), engine, alone if has_second_pass and condition in HARD else None
        )
        for text in TEXTS
        for condition in CONDITIONS
    ]
    return [*_by_set(pages), *_in_all(pages), *_hard(pages), *office_sets(home)]


def _warm(engine: OCREngine, home: Path) -> None:
    """Load the models, which a document does once, so that no single page pays for it."""
    picture = home / "warm.pgm"
    bed_page("mixed", "fax").picture.convert("L").save(picture)
    engine.read_page(picture, number=1, hint=None)


def _score_page(home: Path, page: BedPage, engine: OCREngine, alone: OCREngine | None) -> _Page:
    picture = home / "page.pgm"
    page.picture.convert("L").save(picture)

    return _Page(
        text=page.text,
        condition=page.condition,
        plain=_score(page.truth, partial(read_plainly, picture, "jpn+eng")),
        ours=_score(page.truth, partial(read_by, engine, picture)),
        alone=None if alone is None else _score(page.truth, partial(read_by, alone, picture)),
    )


def _score(truth: str, read: Callable[[], str]) -> _Score:
    began_s = cpu_s()
    text = read()
    return _Score(cpu_s=cpu_s() - began_s, accuracy=accuracy_of(text, truth))


def _by_set(pages: Sequence[_Page]) -> list[Figure]:
    """The sets (all texts of a condition, all conditions of a text), each beside plain Tesseract."""
    sets = {condition: [page for page in pages if page.condition == condition] for condition in CONDITIONS}
    sets |= {text: [page for page in pages if page.text == text] for text in TEXTS}
    figures = []
    for name, members in sets.items():
        ours, plain = (fmean(s.accuracy for s in scores) for scores in (_ours(members), _plains(members)))
        worst = min(page.ours.accuracy - page.plain.accuracy for page in members)
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


def _hard(pages: Sequence[_Page]) -> list[Figure]:
    hard = [page for page in pages if page.condition in HARD]
    ours, plain = _ours(hard), _plains(hard)
    figures = [
        Figure(
            what=f"error on the hard sets ({', '.join(HARD)}): worker / tesseract -l jpn+eng",
            figure=_error_ratio(ours, plain),
            must=f"<= {_HARD_ERROR} x",
            met=_error(ours) / _error(plain) <= _HARD_ERROR,
        )
    ]
    if alone := [page.alone for page in hard if page.alone is not None]:
        what = "the same, second pass on / off"
        figures.append(Figure(what=what, figure=_error_ratio(ours, alone), must="printed", met=None))
    return figures


def _error_ratio(ours: Sequence[_Score], theirs: Sequence[_Score]) -> str:
    ratio = _error(ours) / _error(theirs)
    cpu = _cpu_ratio(ours, theirs)
    return f"{ratio:.2f} x ({_error(ours):.3f} / {_error(theirs):.3f}), CPU {cpu:.2f} x"


def recognition_cpu(home: Path) -> list[Figure]:
    """CPU of reading a scan's pages, drawing included, against pdftoppm and one `tesseract -l jpn`."""
    pdf = home / "scan.pdf"
    truths = write_scan(pdf, _SCAN_PAGES)
    began_s = cpu_s()
    subprocess.run(["pdftoppm", "-gray", "-r", "200", str(pdf), str(home / "page")], check=True)
    drawn_s = cpu_s() - began_s
    pages = list(zip(sorted(home.glob("page-*.pgm")), truths, strict=True))
    theirs = [_score(truth, partial(read_plainly, picture)) for picture, truth in pages]
    figures = []
    for name, engine, must in _engines():
        ours = [_score(truth, partial(read_by, engine, picture)) for picture, truth in pages]
        used_s = _with_drawing(ours, drawn_s)
        ratio = used_s / _with_drawing(theirs, drawn_s)
        figures.append(
            Figure(
                what=f"CPU of {_SCAN_PAGES} scanned pages, {name} / pdftoppm + tesseract -l jpn (errors)",
                figure=f"{ratio:.2f} x, {used_s / _SCAN_PAGES:.2f} s a page "
                f"({_error(ours):.4f} / {_error(theirs):.4f})",
                must="printed" if must is None else f"<= {must} x",
                met=None if must is None else ratio <= must,
            )
        )
    return figures


def _with_drawing(scores: Sequence[_Score], drawn_s: float) -> float:
    return drawn_s + sum(score.cpu_s for score in scores)


def _engines() -> Iterator[tuple[str, OCREngine, float | None]]:
    options = default_options()
    yield "second pass off", OCREngine(ocr_engine=options.ocr_engine), 1.0
    if options.second_pass == "on":
        yield "second pass on", engine_of(options), None
    yield "the program tesseract", OCREngine(), None


def _ours(pages: Sequence[_Page]) -> list[_Score]:
    return [page.ours for page in pages]


def _plains(pages: Sequence[_Page]) -> list[_Score]:
    return [page.plain for page in pages]


def _error(scores: Sequence[_Score]) -> float:
    return 1 - fmean(score.accuracy for score in scores)


def _cpu_ratio(ours: Sequence[_Score], theirs: Sequence[_Score]) -> float:
    return sum(score.cpu_s for score in ours) / sum(score.cpu_s for score in theirs)
