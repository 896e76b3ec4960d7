"""Excel workbooks (xlsx, xlsm): a page a sheet, hidden ones too.

A page has the sheet's name, its cells row by row (tabs between), the text of its shapes and charts, and its
comments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.office.cells import CellReader, plain_text
from worker.extract.office.drawingml import drawing_text
from worker.extract.office.ooxml_package import UNREADABLE, Package, open_package, readable, relation_id
from worker.extract.office.pages import EmbeddedPicture, OfficePages, PageText, PictureFinder, assign_pages
from worker.extract.office.sheet.formula_values import MAIN_PART, FormulaValues
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean

# Cells read of one workbook, empty ones too; ten seconds of work. The size that a sheet states may be wrong.
_MAX_CELLS = 5_000_000
# Prefix of the author of a note that replaces a threaded comment in programs without those.
_THREADED_COMMENT = "tc="


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sheet:
    """A sheet's name and its part."""

    name: str
    part: str


def open_xlsx(path: Path, options: ReadOptions) -> PageSource:
    """A page for each sheet, read lazily, then one for each picture.

    Raises RejectedError as `open_package` does, and `corrupt` where there is no list of sheets.
    """
    package = open_package(path)
    with readable(path.name):
        main = next(iter(package.targets("", "officeDocument")), MAIN_PART)
        sheets = _sheets(package, main)
        cells = CellReader(
            package,
            main,
            max_chars=options.limits.max_text_chars,
            max_cells=_MAX_CELLS,
            values=FormulaValues(path, [sheet.part for sheet in sheets], options, main=main),
        )
    if not sheets:
        raise RejectedError(f"{path.name}: a workbook without sheets")
    finder = PictureFinder(package, max_pixels=options.limits.max_pixels)
    return OfficePages(
        package=package,
        texts=(_page_text(package, sheet, cells) for sheet in sheets),
        count=len(sheets),
        pictures=assign_pages([list(_pictures_of(package, sheet, finder)) for sheet in sheets]),
        options=options,
    ).source()


def _sheets(package: Package, main: str) -> list[_Sheet]:
    """The sheets in the order of their tabs, each part once."""
    by_id = package.relations(main)
    sheets: dict[str, _Sheet] = {}
    for element in package.tree(main).iter("{*}sheet"):
        relation = by_id.get(relation_id(element))
        if relation is not None and relation.target not in sheets:
            sheets[relation.target] = _Sheet(name=element.get("name") or "", part=relation.target)
    return list(sheets.values())


def _pictures_of(package: Package, sheet: _Sheet, finder: PictureFinder) -> Iterator[EmbeddedPicture]:
    yield from finder.pictures_of(sheet.part)
    for drawing in _targets(package, sheet.part, "drawing"):
        yield from finder.pictures_of(drawing)


def _page_text(package: Package, sheet: _Sheet, cells: CellReader) -> PageText:
    rows, reason = cells.rows(sheet.part)
    texts = [sheet.name, *rows]
    try:
        texts += [drawing_text(package, part) for part in _targets(package, sheet.part, "drawing")]
        texts += _comments(package, sheet.part)
    except UNREADABLE:
        reason = reason or Code.CORRUPT
    return PageText(text=clean("\n".join(filter(None, texts))), reason=reason)


def _comments(package: Package, sheet: str) -> Iterable[str]:
    """Notes, and threaded comments in place of the notes that repeat them."""
    for part in _targets(package, sheet, "comments"):
        root = package.tree(part)
        authors = ["".join(author.itertext()) for author in root.iter("{*}author")]
        for comment in root.iter("{*}comment"):
            index = int(comment.get("authorId") or 0)
            author = authors[index] if index < len(authors) else ""
            if not author.startswith(_THREADED_COMMENT):
                yield plain_text(comment)
    for part in _targets(package, sheet, "threadedComment"):
        for comment in package.tree(part).iter("{*}threadedComment"):
            yield " ".join("".join(text.itertext()) for text in comment.iter("{*}text"))


def _targets(package: Package, part: str, kind: str) -> list[str]:
    """The parts that a part refers to by a kind of relation; none where its list is damaged."""
    try:
        return package.targets(part, kind)
    except UNREADABLE:
        return []
