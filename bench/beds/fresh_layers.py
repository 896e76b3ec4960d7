"""`python -m bench.beds.fresh_layers`: 200 good layers and 50 garbage ones that no threshold was set on.

Half of the good ones are pages of manuals in packages, the others are drawn; of these every second kind is
written again by cairo (`pdftocairo`), whose maps are its own. Prints each page that is wrong.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pypdfium2

from bench.beds.fresh_garbage import JAPANESE, LATIN
from bench.beds.fresh_pages import fresh_pdfs
from bench.beds.garbage_layers import Change, changed, misread_scan
from bench.beds.layers import (
    LayerPage,
    pages_of,
    question,
    share_of_japanese,
    share_of_latin,
    spread,
    text_of,
)
from bench.beds.sources import FOLDER, FRESH_PACKAGES, Source, fetch, pdfs
from worker.extract.pdf.layer.text_layer import read_layer

LIST = Path(__file__).with_name("fresh_layers.tsv")
_FROM_PACKAGES, _GARBAGE = 110, 50
_MISREAD = 4
_MIN_JAPANESE, _MIN_LATIN = 0.5, 0.6
_MIN_CHANGED = 0.015
"""Of a page's characters: accents alone are a few in a hundred."""
_SAME = 0.98
_TIMEOUT_S = 300


def fresh_good() -> list[LayerPage]:
    """Pages of packages, evenly from each document, and all that is drawn."""
    found = spread([list(pages_of(source)) for source in pdfs(FRESH_PACKAGES)], _FROM_PACKAGES)
    made = []
    for number, source in enumerate(fresh_pdfs(FOLDER / "fresh")):
        made += list(pages_of(_by_cairo(source) if number % 2 else source))
    return [*found, *made]


def _by_cairo(source: Source) -> Source:
    target = source.path.with_name(f"{source.path.stem}-cairo.pdf")
    subprocess.run(["pdftocairo", "-pdf", source.path, target], check=True, timeout=_TIMEOUT_S)
    return Source.of("made", target)


def fresh_garbage(good: Sequence[LayerPage]) -> Iterator[LayerPage]:
    """Good pages under changed maps, and Japanese scans read by `eng`: `jpn` reads English well."""
    folder = FOLDER / "fresh-garbage"
    folder.mkdir(parents=True, exist_ok=True)
    japanese = [page for page in good if share_of_japanese(text_of(page)) >= _MIN_JAPANESE]
    latin = [page for page in good if share_of_latin(text_of(page)) >= _MIN_LATIN]
    for number in range(_MISREAD):
        page, path = japanese[number * 7 % len(japanese)], folder / f"misread-{number}.pdf"
        misread_scan(page.source.path, page.page, path, language="eng")
        yield _garbage("scan read by eng", page, path)
    kinds = [*((f"{name}, Latin", make, latin) for name, make in LATIN.items())]
    kinds += [*((f"{name}, Japanese", make, japanese) for name, make in JAPANESE.items())]
    for number in range(_GARBAGE - _MISREAD):
        kind, make, pages = kinds[number % len(kinds)]
        yield _change_page(kind, make, pages, folder / f"changed-{number}.pdf", number)


def _change_page(
    kind: str, make: Callable[[], Change], pages: Sequence[LayerPage], path: Path, number: int
) -> LayerPage:
    """The first page from a place on whose fonts have maps, and enough characters that the change is for."""
    for step in range(len(pages)):
        page = pages[(number * 11 + step) % len(pages)]
        changed(page.source.path, page.page, make(), path)
        before, after = Counter(text_of(page)), Counter(text_of(_garbage(kind, page, path)))
        if (before - after).total() >= _MIN_CHANGED * before.total():
            return _garbage(kind, page, path)
    raise ValueError(f"no page can be changed by {kind}")


def _garbage(kind: str, page: LayerPage, path: Path) -> LayerPage:
    return LayerPage(kind=kind, source=page.source, page=page.page, path=path, is_garbage=True)


def is_repaired(page: LayerPage) -> bool:
    """Whether the text that is taken from a garbage layer is that of the good page all the same."""
    texts = []
    for path, index in ((page.source.path, page.page), (page.path, 0)):
        text = read_layer(pypdfium2.PdfDocument(path)[index]).text
        texts.append(Counter("".join(text.split())))
    good, read = texts
    return (good & read).total() >= _SAME * max(good.total(), read.total())


def main(write: Callable[[str], object]) -> None:
    """Count what is wrong, and write the list of the sources."""
    fetch(FRESH_PACKAGES)
    good = fresh_good()
    garbage = list(fresh_garbage(good))
    questioned = [(page, reason) for page in good if (reason := question(page))]
    accepted = [page for page in garbage if not question(page)]
    missed = [page for page in accepted if not is_repaired(page)]
    write(f"{len(questioned)} of {len(good)} good questioned, {len(missed)} of {len(garbage)} missed, ")
    write(f"{len(accepted) - len(missed)} repaired\n")
    for page, reason in questioned:
        write(f"  good, {page.source.path.name}, page {page.page + 1}: {reason}\n")
    for page in missed:
        write(
            f"  {page.kind}, of {page.source.path.name}, page {page.page + 1}: accepted ({page.path.name})\n"
        )
    rows = (
        "\t".join(
            (
                "garbage" if page.is_garbage else "good",
                page.kind,
                page.source.package,
                page.source.path.name,
                str(page.page + 1),
                page.source.sha256,
            )
        )
        for page in (*good, *garbage)
    )
    LIST.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.stdout.write)
