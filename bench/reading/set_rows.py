"""Row `accuracy`, the sets of offices: tables, forms, receipts, short turned pages, pictures without text.

Thresholds are set on even seeds; the odd ones are measured here. `python -m bench.reading.set_rows` measures
these sets alone.
"""

from __future__ import annotations

import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

from bench.figure import Figure
from bench.reading.office_pages import SETS, OfficePage
from bench.reading.readers import cpu_s, default_options, engine_of, read_by, read_plainly
from bench.reading.silent_pictures import absent_artwork, silent_pictures

_SEEDS = (1,)
_SILENT_OF_EACH_SCENE = 2
_MOST_WITH_TEXT = 0.03


def office_sets(home: Path) -> Iterator[Figure]:
    """The share of pieces of text that are found, a set at a time, and what is read where nothing is."""
    read = partial(read_by, engine_of(default_options()))
    plain = partial(read_plainly, languages="jpn+eng")
    for name, pages in SETS.items():
        yield _set_figure(home, name, pages, read, plain)
    yield _silent_figure(home, read)


def found_share(text: str, pieces: Sequence[str]) -> float:
    """Of the pieces, those that stand in the text, whatever their white space and width."""
    read = _bare(text)
    return fmean(_bare(piece) in read for piece in pieces)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _set_figure(
    home: Path,
    name: str,
    pages: Sequence[Callable[[int], OfficePage]],
    read: Callable[[Path], str],
    plain: Callable[[Path], str],
) -> Figure:
    shares: dict[str, list[float]] = {"ours": [], "plain": []}
    used_s = {"ours": 0.0, "plain": 0.0}
    lower = []
    for page in (make(seed) for make in pages for seed in _SEEDS):
        picture = home / "office.pgm"
        page.picture.save(picture)
        for reader, run in (("ours", read), ("plain", plain)):
            before_s = cpu_s()
            shares[reader].append(found_share(run(picture), page.pieces))
            used_s[reader] += cpu_s() - before_s
        if shares["ours"][-1] < shares["plain"][-1]:
            lower.append(f"{page.kind} {shares['ours'][-1]:.2f} / {shares['plain'][-1]:.2f}")
    ours, theirs = fmean(shares["ours"]), fmean(shares["plain"])
    return Figure(
        what=f"pieces of text found, {name} ({len(shares['ours'])} pages): worker / tesseract -l jpn+eng "
        "(worst page; lower ones)",
        figure=f"{ours:.3f} / {theirs:.3f} ({min(shares['ours']):.2f}; {', '.join(lower) or 'none'}), "
        f"CPU {used_s['ours'] / used_s['plain']:.2f} x",
        must="none lower",
        met=not lower,
    )


def _silent_figure(home: Path, read: Callable[[Path], str]) -> Figure:
    count, with_text = 0, []
    for silent in silent_pictures(_SILENT_OF_EACH_SCENE):
        picture = home / "silent.pgm"
        silent.picture.save(picture)
        count += 1
        if text := read(picture).strip():
            with_text.append(f"{silent.kind}, {len(text)} characters")
    return Figure(
        what=f"of {count} photographs without text, those that yield some "
        f"({absent_artwork()} of the list absent)",
        figure=f"{len(with_text) / count:.3f} ({'; '.join(with_text) or 'none'})",
        must=f"<= {_MOST_WITH_TEXT}",
        met=len(with_text) <= _MOST_WITH_TEXT * count,
    )


def main(write: Callable[[str], object]) -> None:
    """Print each figure of these sets."""
    with tempfile.TemporaryDirectory(prefix="cis-bench-") as folder:
        for figure in office_sets(Path(folder)):
            write(f"{figure.what}: {figure.figure} (must: {figure.must})\n")


if __name__ == "__main__":
    main(sys.stdout.write)
