"""The files that are attached to a PDF, as in a portfolio, and the page with their names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from threading import Lock
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfiumError

from worker.errors import RejectedError
from worker.extract.page_source import ContainedFile

_MAX_FILES = 100_000


def attachment_names(document: Any) -> list[str]:
    """The names of the attached files of an open document, whose lock the caller holds."""
    count = min(max(0, pdfium.FPDFDoc_GetAttachmentCount(document)), _MAX_FILES)
    return [_name(document, index) for index in range(count)]


def attachments(document: Any, names: list[str], lock: Lock) -> Iterator[ContainedFile]:
    """The attached files of an open document, which are read under its lock."""
    for index, name in enumerate(names):
        yield ContainedFile(name=name, open=partial(_open, document, index, name, lock))


def _open(document: Any, index: int, name: str, lock: Lock) -> io.BytesIO:
    try:
        # pdfium is not safe for threads, and the preview is drawn, or pages are, while a file is unpacked.
        with lock:
            return io.BytesIO(bytes(document.get_attachment(index).get_data()))
    except (PdfiumError, ValueError) as error:
        raise RejectedError(f"{name}: damaged; its bytes cannot be unpacked ({error})") from error


def _name(document: Any, index: int) -> str:
    try:
        return str(document.get_attachment(index).get_name())
    except (PdfiumError, UnicodeError):
        return ""
