"""PowerPoint presentations (pptx, pptm): a page a slide, hidden ones too.

A page has the text of the slide, then its speaker notes and comments. Masters and layouts are left out:
their text is the same on every slide.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.office.drawingml import drawing_text
from worker.extract.office.objects.embedded_files import has_chart_without_data
from worker.extract.office.ooxml_package import UNREADABLE, Package, open_package, readable, relation_id
from worker.extract.office.pages import OfficePages, PageText, PictureFinder, assign_pages
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean

_MAIN_PART = "ppt/presentation.xml"
# Placeholders of a notes page that are the same on all of them.
_BOILERPLATE = ("sldNum", "hdr", "ftr", "dt")


def open_pptx(path: Path, options: ReadOptions, *, has_dates: bool = True) -> PageSource:
    """A page for each slide in the order of the show, then one for each further picture.

    Without `has_dates` the fields of date and time in it are those of its conversion, and left out.

    Raises RejectedError as `open_package` does, and `corrupt` when no slide can be read.
    """
    package = open_package(path)
    with readable(path.name):
        slides = _slides(package)
    texts, chars_left = [], options.limits.max_text_chars
    for slide in slides:
        texts.append(_page_text(package, slide, has_dates=has_dates))
        chars_left -= len(texts[-1].text)
        if chars_left < 0:
            # The document process stops at the same limit, with the reason.
            break
    if texts and all(text.reason and not text.text for text in texts):
        raise RejectedError(f"{path.name}: none of its slides can be read")
    finder = PictureFinder(package, max_pixels=options.limits.max_pixels)
    pictures = [finder.pictures_of(slide) for slide in slides[: len(texts)]]
    textless = [number for number, text in enumerate(texts, start=1) if not text.text and not text.reason]
    pages = OfficePages(
        package=package,
        texts=texts,
        count=len(texts),
        pictures=assign_pages(pictures, textless=textless),
        options=options,
    )
    return replace(pages.source(), unread=(Code.CHART_DATA,) if has_chart_without_data(package) else ())


def _slides(package: Package) -> list[str]:
    """The slides' parts in the order of the show, each once."""
    relations = package.targets("", "officeDocument")
    main = relations[0] if relations else _MAIN_PART
    by_id = package.relations(main)
    listed = (relation_id(element) for element in package.tree(main).iter("{*}sldId"))
    return list(dict.fromkeys(by_id[key].target for key in listed if key in by_id))


def _page_text(package: Package, slide: str, *, has_dates: bool) -> PageText:
    try:
        texts = [drawing_text(package, slide, has_dates=has_dates)]
        texts += [
            drawing_text(package, notes, skip=_BOILERPLATE, has_dates=has_dates)
            for notes in package.targets(slide, "notesSlide")
        ]
        texts += [drawing_text(package, comments) for comments in package.targets(slide, "comments")]
    except UNREADABLE:
        return PageText(text="", reason=Code.CORRUPT)
    return PageText(text=clean("\n".join(filter(None, texts))))
