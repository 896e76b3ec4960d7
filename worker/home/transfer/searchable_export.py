"""PDFs and pictures of a home as searchable PDF: the original, checked, with the text that was read of it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from worker.config import sandbox_environment
from worker.document.packing import UNREADABLE, unpack_extraction
from worker.errors import Code, MisconfiguredError, RejectedError
from worker.extract.read_options import ReadOptions
from worker.home.folder import Home
from worker.home.manifest import Manifest
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.page import Page
from worker.sandbox.searchable.messages import SearchableRequest
from worker.sandbox.searchable.searchable_client import make_searchable, open_result

_READ_BYTES = 1024**2
_CHANGED = "changed since it was read; run cis-worker ingest first"


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchablePdf:
    """The PDF of a document, open; the numbers of pages that could not be drawn are `lost`."""

    file: IO[bytes]
    lost: tuple[int, ...] = ()


def can_be_searchable(file_type: FileType) -> bool:
    """Whether a file of this type has pages to be drawn: a PDF or a picture."""
    return file_type is FileType.PDF or file_type.is_image


class SearchableExport:
    """Makes the PDFs of the files of one home, one after the other."""

    def __init__(self, home: Home, *, options: ReadOptions, work_dir: Path) -> None:
        self._home = home
        self._options = options
        self._work_dir = work_dir

    @contextmanager
    def open(self, document: Document) -> Iterator[SearchablePdf]:
        """The PDF of a document; that of a PDF without OCRed pages is the file itself.

        Raises RejectedError where there is none: the original is gone or changed, its artifact is missing,
        or it cannot be made of it.
        """
        pages = self._pages_with_words(document)
        with tempfile.TemporaryDirectory(prefix="cis-export-", dir=self._work_dir) as folder:
            original = self._copy_original(document, Path(folder) / "original")
            if not pages and document.file_type is FileType.PDF:
                with original.open("rb") as file:
                    yield SearchablePdf(file=file)
                return
            limits = self._options.limits
            request = SearchableRequest(
                path=original,
                folder=Path(folder),
                file_type=document.file_type,
                pages=pages,
                limits=limits,
                passwords=self._options.pdf_passwords,
            )
            answer = make_searchable(request, sandbox_environment())
            with os.fdopen(open_result(Path(folder), max_bytes=limits.output_bytes), "rb") as file:
                yield SearchablePdf(file=file, lost=answer.lost)

    def _pages_with_words(self, document: Document) -> tuple[Page, ...]:
        """The pages with text from OCR, with their words, without those of files in the document."""
        if not any(page.source.has_ocr_text for page in document.pages):
            return ()
        try:
            data = (self._home.folder / (document.artifact_key or "")).read_bytes()
            extraction, _ = unpack_extraction(data)
        except UNREADABLE as error:
            raise RejectedError(
                "where its words are was not kept; read it again with cis-worker ingest", code=Code.NOT_FOUND
            ) from error
        return tuple(page for page in extraction.pages if page.source.has_ocr_text and not page.member_path)

    def _copy_original(self, document: Document, target: Path) -> Path:
        """A copy of the original, whose content is that which was read."""
        digest = hashlib.sha256()
        try:
            with self._path(document).open("rb") as file, target.open("wb") as copy:
                while data := file.read(_READ_BYTES):
                    digest.update(data)
                    copy.write(data)
        except FileNotFoundError as error:
            raise RejectedError("it is gone", code=Code.NOT_FOUND) from error
        except OSError as error:
            raise RejectedError(f"it cannot be copied ({error.strerror})", code=Code.UNAVAILABLE) from error
        if digest.hexdigest() != document.content_hash:
            raise RejectedError(_CHANGED, code=Code.NOT_FOUND)
        return target

    def _path(self, document: Document) -> Path:
        """Where the original is: the index has its path as text, which may be no name of a file."""
        path = Path(document.file_path)
        if path.is_file():
            return path
        try:
            with closing(Manifest(self._home.manifest_path)) as manifest:
                entries = (each for each in manifest.entries() if each.file_id == document.file_id)
                entry = next(entries, None)
        except MisconfiguredError:  # a home that may not be written
            return path
        return path if entry is None else Path(entry.path)
