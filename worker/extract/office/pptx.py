"""PowerPoint presentations (pptx, pptm): a page a slide, hidden ones too.

A page has what stands on the slide, then its speaker notes and comments. Masters and layouts are left out:
what they say, they say on every slide.
"""

from __future__ import annotations

from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.office.drawingml import drawn_text
from worker.extract.office.ooxml_package import UNREADABLE, Package, open_package, readable, relation_id
from worker.extract.office.pages import OfficePages, PageText, PictureFinder, places
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean

_MAIN_PART = "ppt/presentation.xml"
_NOT_OF_THE_NOTES = ("sldNum", "hdr", "ftr", "dt")
"""Placeholders of a notes page that only repeat what all of them say."""


def open_pptx(path: Path, options: ReadOptions) -> PageSource:
    """A page for each slide in the order of the show, then one for each further picture.

    Raises RejectedError as `open_package` does, and `corrupt` when no slide can be read.
    """
    package = open_package(path)
    with readable(path.name):
        slides = _slides(package)
    texts, left_chars = [], options.limits.max_text_chars
    for slide in slides:
        texts.append(_page_text(package, slide))
        left_chars -= len(texts[-1].text)
        if left_chars < 0:
            # Whoever sends the pages stops at the limit and says so.
            break
    if texts and all(text.reason and not text.text for text in texts):
        raise RejectedError(f"{path.name}: none of its slides can be read")
    finder = PictureFinder(package, max_pixels=options.limits.max_pixels)
    pictures = [finder.pictures_of(slide) for slide in slides[: len(texts)]]
    silent = [number for number, text in enumerate(texts, start=1) if not text.text and not text.reason]
    return OfficePages(
        package=package,
        texts=texts,
        count=len(texts),
        placed=places(pictures, without_text=silent),
        options=options,
    ).source()


def _slides(package: Package) -> list[str]:
    """The slides' parts in the order of the show, each once."""
    relations = package.related("", "officeDocument")
    main = relations[0] if relations else _MAIN_PART
    by_id = package.relations(main)
    listed = (relation_id(element) for element in package.tree(main).iter("{*}sldId"))
    return list(dict.fromkeys(by_id[key].target for key in listed if key in by_id))


def _page_text(package: Package, slide: str) -> PageText:
    try:
        texts = [drawn_text(package, slide)]
        texts += [
            drawn_text(package, notes, without=_NOT_OF_THE_NOTES)
            for notes in package.related(slide, "notesSlide")
        ]
        texts += [drawn_text(package, comments) for comments in package.related(slide, "comments")]
    except UNREADABLE:
        return PageText(text="", reason=Code.CORRUPT)
    return PageText(text=clean("\n".join(filter(None, texts))))
