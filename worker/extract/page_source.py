"""PageSource: the result of an extractor, an opened document whose pages are read one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import Image

from worker.errors import Code
from worker.models.file import FileType
from worker.models.metadata import NO_PROPERTIES, Properties
from worker.models.page import Page


def never_cut(_number: int) -> bool:
    """Of pages that are never cut."""
    return False


@dataclass(frozen=True, kw_only=True, slots=True)
class LayeredPage:
    """A page that needs OCR although it has a text layer.

    `page` has the layer's text; its `layer_reason` is why the layer is of low quality (None: it is good, and
    pictures on the page may hold more text).
    """

    page: Page


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainedFile:
    """A file within an opened document.

    `open()` gives its bytes, until the next one is asked for; it raises RejectedError where it cannot be
    read. `size_bytes` is what its container says of its size, and `file_type` its type where that is known
    by the container and not by its own bytes.
    """

    name: str
    open: Callable[[], IO[bytes]]
    size_bytes: int = 0
    file_type: FileType | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSource:
    """An opened document.

    `pages` yields, in page order and lazily, a finished `Page`, the number of a page that needs OCR, or a
    `LayeredPage`, which needs it and has text already. `render(number, folder)` draws such a page as a PGM
    in grey (or returns the original file where the OCR engine can read it); it may be called from several
    threads at once and in any order. `preview()` is the upright RGB picture of the first page or of the image
    itself, at most 1024 px on its longer side, or None where nothing can be drawn; it is called once, and is
    never a reason to fail; `no_preview` where the type has none. With `is_read` the pages are in memory, and
    nothing of the file is parsed when they are taken. `unread` are the codes of what the document has
    beside its pages and is not read. `is_cut(number)` says whether the picture that `render` made of a page
    lacks a part which the file does not have. `contained` yields the files in it, lazily and in the same
    order each time; it may raise RejectedError where the rest of them cannot be reached. `properties` is what
    the content says of itself. `unpacked_bytes` were unpacked to open it.
    """

    page_count: int
    pages: Iterator[Page | LayeredPage | int]
    render: Callable[[int, Path], Path]
    preview: Callable[[], Image.Image | None]
    is_read: bool = False
    unread: tuple[Code, ...] = ()
    is_cut: Callable[[int], bool] = never_cut
    properties: Properties = NO_PROPERTIES
    contained: Iterable[ContainedFile] = ()
    unpacked_bytes: int = 0


def no_preview() -> Image.Image | None:
    """The preview of a document of which nothing can be drawn."""
    return None
