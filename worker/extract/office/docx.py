"""Word documents (docx, docm): the visible text, in document order.

Parts are streamed block by block. python-docx would load every picture, has no text boxes and notes, and
refuses files with a dangling link or macros. Tags are compared by local name, so Strict files are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.office.drawingml import chart_text, drawing_text
from worker.extract.office.objects.embedded_files import has_chart_without_data
from worker.extract.office.ooxml_package import UNREADABLE, Element, Package, free, open_package, readable
from worker.extract.office.pages import OfficePages, PageText, PictureFinder, assign_pages
from worker.extract.office.word.body_text import BodyText
from worker.extract.office.word.numbering import Numbering
from worker.extract.office.word.run_styles import RunStyles
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean

# In this order; glossaries are not part of the document's text.
_PARTS = ("header", "document", "footnotes", "endnotes", "comments", "footer")
_PART_NAME = re.compile(rf"word/({'|'.join(_PARTS)})(\d*)\.xml")
_STYLES = "word/styles.xml"
_BLOCKS = ("p", "tbl", "sdt", "AlternateContent")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Damage:
    """The error that ended the reading of a part."""

    error: Exception


def open_docx(path: Path, options: ReadOptions) -> PageSource:
    """One page: headers, body with tables and text boxes, notes, comments, footers; then its pictures.

    Raises RejectedError as `open_package` does, and `corrupt` when there is no text before a damaged place.
    """
    package = open_package(path)
    with readable(path.name):
        parts = _part_names(package.parts)
    text = _whole_text(package, parts, limit_chars=options.limits.max_text_chars)
    finder = PictureFinder(package, max_pixels=options.limits.max_pixels)
    pictures = [picture for part in parts for picture in finder.pictures_of(part)]
    numbered = assign_pages([pictures], textless=() if text.text or text.reason else (1,))
    unread = (Code.CHART_DATA,) if has_chart_without_data(package) else ()
    pages = OfficePages(package=package, texts=[text], count=1, pictures=numbered, options=options)
    return replace(pages.source(), unread=unread)


def _whole_text(package: Package, parts: Iterable[str], *, limit_chars: int) -> PageText:
    """The text of all parts; text before a damaged place is kept, with the reason."""
    texts: list[str] = []
    damage: _Damage | None = None
    chars_left = limit_chars
    numbering = Numbering(package)
    body = BodyText(number_of=numbering.number_of, styles=_styles(package))
    for part in parts:
        numbering.begin_part()
        text, part_damage = _part_text(package, part, body, limit_chars=chars_left)
        damage = damage or part_damage
        texts.append(text)
        chars_left -= len(text)
        if chars_left < 0:
            break
        texts.append(_chart_and_diagram_text(package, part))
    # First, even and odd pages usually have the same header: it is kept once.
    text = clean("\n".join(dict.fromkeys(filter(None, texts))))
    if damage and not text:
        raise RejectedError(
            f"{package.name}: not a Word document that can be read ({damage.error})"
        ) from damage.error
    return PageText(text=text, reason=Code.CORRUPT if damage else None)


def _styles(package: Package) -> RunStyles:
    try:
        return RunStyles(_freed(package.elements(_STYLES, ("style",))))
    except UNREADABLE:
        return RunStyles()  # all text is shown then


def _freed(elements: Iterable[Element]) -> Iterator[Element]:
    for element in elements:
        yield element
        free(element)


def _part_names(members: Iterable[str]) -> list[str]:
    """The parts to read, in order. Raises ValueError where there is no main document."""
    found = [match for member in members if (match := _PART_NAME.fullmatch(member))]
    if not any(match[1] == "document" for match in found):
        raise ValueError("it has no main document part")
    found.sort(key=lambda match: (_PARTS.index(match[1]), int(match[2] or 0)))
    return [match[0] for match in found]


def _part_text(
    package: Package, part: str, body: BodyText, *, limit_chars: int
) -> tuple[str, _Damage | None]:
    pieces: list[str] = []
    damage: _Damage | None = None
    try:
        chars = 0
        for block in package.outermost(part, _BLOCKS):
            before = len(pieces)
            body.collect(block, pieces, boxes=pieces)
            chars += sum(map(len, pieces[before:]))
            if chars > limit_chars:
                break
    except UNREADABLE as error:
        damage = _Damage(error=error)
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip("\n"), damage


def _chart_and_diagram_text(package: Package, part: str) -> str:
    """The text of charts and SmartArt, which are parts of their own; damaged ones are left out."""
    texts: list[str] = []
    try:
        texts.extend(chart_text(package, chart) for chart in package.targets(part, "chart"))
        texts.extend(drawing_text(package, data) for data in package.targets(part, "diagramData"))
    except UNREADABLE:
        pass
    return "\n".join(filter(None, texts))
