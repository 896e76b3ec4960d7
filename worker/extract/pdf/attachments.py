"""The files that are attached to a PDF, as in a portfolio, or to a place on one of its pages."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfAttachment, PdfiumError

from worker.errors import RejectedError
from worker.extract.page_source import ContainedFile
from worker.extract.pdf.annotations import attached_files
from worker.extract.pdf.opening import open_document

_MAX_FILES = 100_000
_EMBEDDED = b"EmbeddedFile"
"""The type of a stream that is a file. Dictionaries of streams are never packed, nor encrypted."""


def attachment_names(document: Any) -> list[str]:
    """The names of the attached files of an open document, whose lock the caller holds."""
    count = min(max(0, pdfium.FPDFDoc_GetAttachmentCount(document)), _MAX_FILES)
    return [_name(document, index) for index in range(count)]


def attachments(document: Any, names: list[str], lock: Lock) -> Iterator[ContainedFile]:
    """The attached files of an open document, which are read under its lock."""
    for index, name in enumerate(names):
        yield ContainedFile(name=name, open=partial(_open, document, index, name, lock))


def has_embedded_files(path: Path) -> bool:
    """Whether there may be files in a PDF: pages need not be searched for them where there are none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(_EMBEDDED) >= 0


def files_on_pages(path: Path, passwords: Sequence[str], lock: Lock) -> Iterator[ContainedFile]:
    """The files that are attached to places on pages.

    They are had from the document opened anew: to read a page its annotations are made part of it.
    """
    with lock:
        document = open_document(path, passwords).document
    for index in range(len(document)):
        for number, name in _files_of_page(document, index, lock):
            yield ContainedFile(name=name, open=partial(_open_on_page, document, (index, number), name, lock))


def _files_of_page(document: Any, index: int, lock: Lock) -> list[tuple[int, str]]:
    with lock:
        try:
            with closing(document[index]) as page:
                handles = enumerate(attached_files(page))
                return [(number, _name_of(handle, document)) for number, handle in handles if handle]
        except PdfiumError:
            return []  # the page itself says that it cannot be read


def _open_on_page(document: Any, place: tuple[int, int], name: str, lock: Lock) -> io.BytesIO:
    index, number = place
    try:
        with lock, closing(document[index]) as page:
            return io.BytesIO(bytes(PdfAttachment(attached_files(page)[number], document).get_data()))
    except (PdfiumError, ValueError) as error:
        raise _damaged(name, error) from error


def _open(document: Any, index: int, name: str, lock: Lock) -> io.BytesIO:
    try:
        # pdfium is not safe for threads, and the preview is drawn, or pages are, while a file is unpacked.
        with lock:
            return io.BytesIO(bytes(document.get_attachment(index).get_data()))
    except (PdfiumError, ValueError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> RejectedError:
    return RejectedError(f"{name}: damaged; its bytes cannot be unpacked ({error})")


def _name_of(handle: Any, document: Any) -> str:
    try:
        return str(PdfAttachment(handle, document).get_name())
    except (PdfiumError, UnicodeError):
        return ""


def _name(document: Any, index: int) -> str:
    try:
        return str(document.get_attachment(index).get_name())
    except (PdfiumError, UnicodeError):
        return ""
