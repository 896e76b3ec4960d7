"""200 good text layers and 50 garbage ones: how many are questioned, how many are accepted.

The hash of a page says which half it is in: thresholds are set on the even one, and the odd one counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from bench.beds.garbage_layers import CHANGES, JAPANESE_ONLY, LATIN_ONLY, changed, misread_scan
from bench.beds.made_layers import made_pdfs
from bench.beds.sources import FOLDER, Source, pdfs
from worker.extract.pdf.layer.text_layer import read_layer

_FROM_PACKAGES, _MADE, _GARBAGE = 144, 56, 50
_PAGES_OF_A_DOCUMENT = 12
# A page of less text is a part's title, or a picture.
_MIN_CHARS = 300
_MIN_JAPANESE, _MIN_LATIN = 0.5, 0.6
# Of a page's characters, those that a change of its fonts' maps takes away.
_MIN_CHANGED, _MIN_LOST = 0.25, 0.05
_SCANS = ("eng", "eng", "eng", "eng", "stutter", "stutter", "stutter", "stutter")
LIST = Path(__file__).with_name("layers.tsv")


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerPage:
    """A page of a bed: where it is from, and whether its layer is garbage."""

    kind: str
    source: Source
    page: int
    path: Path
    is_garbage: bool

    @property
    def key(self) -> str:
        """What distinguishes it from the others, whatever wrote the file."""
        return hashlib.sha256(f"{self.kind} {self.source.path.name} {self.page}".encode()).hexdigest()

    @property
    def is_reported(self) -> bool:
        """Whether it is of the half that no threshold was set on."""
        return int(self.key[-1], 16) % 2 == 1


def good_pages() -> list[LayerPage]:
    """Pages of packages, evenly from each document, then made ones."""
    found = spread([list(pages_of(source)) for source in pdfs()], _FROM_PACKAGES)
    made = spread([list(pages_of(source)) for source in made_pdfs(FOLDER / "made")], _MADE)
    return [*found, *made]


def garbage_pages(good: Sequence[LayerPage]) -> Iterator[LayerPage]:
    """Pages of the good ones under changed maps, and as misread scans."""
    folder = FOLDER / "garbage"
    folder.mkdir(parents=True, exist_ok=True)
    prose = [page for page in good if page.source.package != "made"]
    japanese = [page for page in prose if share_of_japanese(text_of(page)) >= _MIN_JAPANESE]
    latin = [page for page in prose if share_of_latin(text_of(page)) >= _MIN_LATIN]
    for number, language in enumerate(_SCANS):
        page = (japanese if language == "eng" else latin)[number * 2]
        path = folder / f"scan-{number}.pdf"
        if not path.exists():
            misread_scan(page.source.path, page.page, path, language=language)
        yield _garbage(f"scan, {language}", page, path)
    for number in range(_GARBAGE - len(_SCANS)):
        kind = list(CHANGES)[number % len(CHANGES)]
        is_japanese = kind in JAPANESE_ONLY or (kind not in LATIN_ONLY and number % 3 == 0)
        yield _change_page(kind, japanese if is_japanese else latin, folder / f"changed-{number}.pdf", number)


def _change_page(kind: str, pages: list[LayerPage], path: Path, number: int) -> LayerPage:
    """The first page from a place on whose fonts all have maps that can be changed."""
    for step in range(len(pages)):
        page = pages[(number * 5 + step) % len(pages)]
        changed(page.source.path, page.page, CHANGES[kind], path)
        before, after = Counter(text_of(page)), Counter(text_of(_garbage(kind, page, path)))
        needed = _MIN_LOST if kind == "ligatures lost" else _MIN_CHANGED
        if (before - after).total() >= needed * before.total():
            return _garbage(kind, page, path)
    raise ValueError(f"no page can be changed by {kind}")


def text_of(page: LayerPage) -> str:
    """The characters of its layer as pdfium has them, without white space."""
    document = pypdfium2.PdfDocument(page.path)
    text = document[0 if page.is_garbage else page.page].get_textpage().get_text_bounded()
    return "".join(str(text).split())


def share_of_japanese(text: str) -> float:
    """Of its characters, those that are kana or ideographs."""
    return sum("\u3040" < char < "\ua000" for char in text) / max(1, len(text))


def share_of_latin(text: str) -> float:
    """Of its characters, those that are Latin letters."""
    return sum("A" <= char <= "\u024f" for char in text) / max(1, len(text))


def question(page: LayerPage) -> str:
    """Why the layer of a page is not accepted, "" where it is."""
    document = pypdfium2.PdfDocument(page.path)
    layer = read_layer(document[0 if page.is_garbage else page.page])
    return str(layer.reason or ("no text" if not layer.text else ""))


def _garbage(kind: str, page: LayerPage, path: Path) -> LayerPage:
    return LayerPage(kind=kind, source=page.source, page=page.page, path=path, is_garbage=True)


def pages_of(source: Source) -> Iterator[LayerPage]:
    """Some pages of a document, those that have enough text."""
    document = pypdfium2.PdfDocument(source.path)
    for index in range(0, len(document), max(1, len(document) // _PAGES_OF_A_DOCUMENT)):
        text = document[index].get_textpage().get_text_bounded()
        if len("".join(text.split())) >= _MIN_CHARS:
            kind = source.path.stem
            yield LayerPage(kind=kind, source=source, page=index, path=source.path, is_garbage=False)


def spread(documents: list[list[LayerPage]], count: int) -> list[LayerPage]:
    """So many pages, one of each document in turn."""
    turns = max(map(len, documents), default=0)
    every = [pages[turn] for turn in range(turns) for pages in documents if turn < len(pages)]
    return every[:count]
