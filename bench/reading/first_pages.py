"""What the first page of a document costs, of which no page before says how it is to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from bench.figure import Figure
from bench.reading.readers import (
    Read,
    Reading,
    default_options,
    engine_of,
    read_by,
    read_in_turn,
    read_plainly,
)
from bench.test_bed import bed_page
from worker.samples.scan_texts import scan_page
from worker.samples.scans import draw_page

_MOST = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _FirstPage:
    """A page as it comes, and the one pass that reads it where all is known: picture, model, layout."""

    name: str
    picture: Path
    upright: Path
    model: str
    psm: int
    truth: str


def first_pages(home: Path, dense: Path, truth: str) -> list[Figure]:
    """English, vertical and turned pages (the last from a dense picture), in passes over the whole page."""
    options = default_options()
    modes = ("off", "on") if options.second_pass == "on" else ("off",)
    readers: dict[str, Read] = {
        mode: partial(read_by, engine_of(options, second_pass=mode == "on")) for mode in modes
    }
    for read in readers.values():
        read(dense)  # the models are loaded once a document
    figures = []
    for page in _pages(home, dense, truth):
        found = read_in_turn({**readers, "plain": partial(_upright, page)}, [page.picture], [page.truth])
        figures += [_figure(page.name, mode, found[mode], found["plain"]) for mode in modes]
    return figures


def _upright(page: _FirstPage, _: Path) -> str:
    return read_plainly(page.upright, page.model, psm=page.psm)


def _pages(home: Path, dense: Path, truth: str) -> Iterator[_FirstPage]:
    words = scan_page(3, seed=5, language="eng")
    english = home / "english.pgm"
    draw_page(words, language="eng", dpi=200).save(english)
    yield _FirstPage(name="English", picture=english, upright=english, model="eng", psm=3, truth=words.text)
    column = bed_page("vertical", "clean")
    vertical = home / "vertical.pgm"
    column.picture.save(vertical)
    yield _FirstPage(
        name="vertical", picture=vertical, upright=vertical, model="jpn_vert", psm=5, truth=column.truth
    )
    turns = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
    }
    for degrees, turn in turns.items():
        turned = home / f"turned-{degrees}.pgm"
        with Image.open(dense) as page:
            page.transpose(turn).save(turned)
        yield _FirstPage(
            name=f"dense Japanese, turned {degrees}",
            picture=turned,
            upright=dense,
            model="jpn",
            psm=3,
            truth=truth,
        )


def _figure(name: str, mode: str, ours: Reading, plain: Reading) -> Figure:
    passes = ours.cpu_s / plain.cpu_s
    return Figure(
        what=f"first page, {name}, second pass {mode}: CPU / one pass of the right model over it upright",
        figure=f"{passes:.2f} x ({ours.cpu_s:.2f} / {plain.cpu_s:.2f} s; "
        f"error {ours.error:.3f} / {plain.error:.3f})",
        must=f"<= {_MOST:.0f} x",
        met=passes <= _MOST,
    )
