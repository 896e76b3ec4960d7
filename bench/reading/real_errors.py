"""Errors of dense clean and of hard pages, page by page, and the CPU of a mix of both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.reading.hard_pages import HardPage, hard_pages
from bench.reading.readers import (
    Read,
    Reading,
    cpu_s,
    default_options,
    engine_of,
    read_by,
    read_in_turn,
    read_plainly,
)

_HARD_OF_EACH_KIND = 4
_MIX = (20, 10)
"""Clean and hard pages of the printed mix."""


def real_errors(home: Path, pictures: Sequence[Path], truths: Sequence[str]) -> list[Figure]:
    """The clean pages that are given and a dozen hard ones, read by the worker and by plain Tesseract."""
    options = default_options()
    on, off = (partial(read_by, engine_of(options, second_pass=second_pass)) for second_pass in (True, False))
    pages = list(hard_pages(_HARD_OF_EACH_KIND, seed=7))
    hard_pictures = [_save(home / f"hard-{number}.pgm", page) for number, page in enumerate(pages)]
    # The models are loaded once a document, which the speed above has in it.
    loading_s = [once_s(read, hard_pictures[0]) for read in (on, off)]
    clean = read_in_turn({"on": on, "off": off, "plain": read_plainly}, pictures, truths)
    hard = read_in_turn({"on": on, "plain": read_plainly}, hard_pictures, [page.truth for page in pages])
    mix = mix_s(clean["on"], hard["on"]) / mix_s(clean["plain"], hard["plain"])
    label = f"network {options.second_pass}"
    return [
        _error_figure(f"{len(pictures)} dense clean pages, {label}", clean["on"], clean["plain"], 0.6),
        lower_pages("dense clean pages", clean["on"], clean["plain"]),
        _error_figure("the same, second pass off", clean["off"], clean["plain"], None),
        lower_pages("the same, second pass off,", clean["off"], clean["plain"]),
        _error_figure(
            f"{len(pages)} photographs, tables and receipts, {label}", hard["on"], hard["plain"], 0.5
        ),
        *_by_kind([page.kind for page in pages], hard["on"], hard["plain"]),
        lower_pages("of them pages", hard["on"], hard["plain"], must="printed"),
        Figure(
            what=f"CPU once a document, out of the CPU of these pages: {label} / off",
            figure=" / ".join(f"{each_s:.2f} s" for each_s in loading_s),
            must="printed",
            met=None,
        ),
        Figure(
            what=f"CPU of {_MIX[0]} clean and {_MIX[1]} hard pages / tesseract -l jpn ({label})",
            figure=f"{mix:.2f} x",
            must="<= 1.5 x",
            met=mix <= 1.5,
        ),
    ]


def lower_pages(name: str, ours: Reading, plain: Reading, *, must: str = "none") -> Figure:
    """The pages that plain Tesseract reads better, each with its difference in accuracy."""
    differences = [theirs - own for own, theirs in zip(ours.errors, plain.errors, strict=True)]
    lower = [f"{number} ({gain:+.4f})" for number, gain in enumerate(differences, start=1) if gain < 0]
    return Figure(
        what=f"{name} with a lower accuracy than by plain tesseract -l jpn (smallest gain)",
        figure=f"{', '.join(lower) or 'none'} of {len(differences)} ({min(differences):+.4f})",
        must=must,
        met=not lower if must == "none" else None,
    )


def once_s(read: Read, picture: Path) -> float:
    """CPU seconds of the first reading of a picture above those of the second."""
    used_s = []
    for _ in range(2):
        before_s = cpu_s()
        read(picture)
        used_s.append(cpu_s() - before_s)
    return used_s[0] - used_s[1]


def mix_s(clean: Reading, hard: Reading) -> float:
    """CPU seconds of the mix, by the mean of a clean and of a hard page."""
    return _MIX[0] * clean.cpu_s / len(clean.errors) + _MIX[1] * hard.cpu_s / len(hard.errors)


def _save(path: Path, page: HardPage) -> Path:
    page.picture.save(path)
    return path


def _by_kind(kinds: Sequence[str], ours: Reading, plain: Reading) -> list[Figure]:
    figures = []
    for kind in dict.fromkeys(kinds):
        of_kind = [
            Reading(
                errors=[error for error, each in zip(reading.errors, kinds, strict=True) if each == kind],
                seconds=(),
            )
            for reading in (ours, plain)
        ]
        own, theirs = (reading.error for reading in of_kind)
        figures.append(
            Figure(
                what=f"of them the kind {kind}, mean error: worker / tesseract -l jpn",
                figure=f"{own:.4f} / {theirs:.4f}",
                must="printed",
                met=None,
            )
        )
    return figures


def _error_figure(what: str, ours: Reading, plain: Reading, most: float | None) -> Figure:
    ratio = ours.error / plain.error
    cpu = [own / theirs for own, theirs in zip(ours.seconds, plain.seconds, strict=True)]
    return Figure(
        what=f"error on {what}: worker / tesseract -l jpn (CPU, recognition alone, median page)",
        figure=f"{ratio:.2f} x ({ours.error:.4f} / {plain.error:.4f}), CPU {median(cpu):.2f} x",
        must="printed" if most is None else f"<= {most} x",
        met=None if most is None else ratio <= most,
    )
