"""A PDF opened: with or without a password, and with its hidden layers marked.

What pdfium refuses, or cannot decide, is left to qpdf, which writes a copy: unprotected, and read by every
program in place of the file. Where qpdf cannot say what is hidden, the text layers may have it: the pages are
then read from what they show.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from pypdfium2 import PdfiumError

from worker.errors import Code, RejectedError
from worker.extract.pdf.group_states import TooComplexError
from worker.extract.pdf.optional_content import hide_groups
from worker.extract.pdf.security_handler import rights_handler
from worker.extract.rights_managed import rights_managed

_MAX_PASSWORDS = 100
_PASSWORD_ERRORS = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
_QPDF_ERRORS = (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError, ValueError, TypeError, KeyError)
"""What qpdf raises on files that are damaged; RuntimeError is a contradiction of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedPdf:
    """pdfium's document, and the copy that it is of, where one was needed.

    `needs_password` says whether programs that have no password cannot read the file; never of a copy. With
    `has_unmarked_groups` the text layers may have what nobody sees; what is drawn does not.
    """

    document: Any
    copy: Path | None = None
    needs_password: bool = False
    has_hidden_groups: bool = False
    has_unmarked_groups: bool = False


def open_document(path: Path, passwords: Sequence[str] = ()) -> OpenedPdf:
    """Open a file by the first password that fits, none first.

    Raises RejectedError: `encrypted` or `corrupt`.
    """
    # For a file without pages pdfium reports the error of the call before, which may have been "password".
    # So that call is one that fails with "not a PDF".
    pdfium.FPDF_LoadMemDocument(b"", 0, None)
    for password in _passwords(passwords):
        try:
            document = pypdfium2.PdfDocument(path, password=password)
        except PdfiumError as error:
            if error.err_code not in _PASSWORD_ERRORS:
                raise RejectedError(f"{path.name}: not a PDF that can be parsed ({error})") from error
            continue
        return _without_hidden_groups(path, document, password)
    return _open_copy(path, passwords)


def _passwords(passwords: Sequence[str]) -> Iterator[str | None]:
    yield None
    yield from passwords[:_MAX_PASSWORDS]


def _open_copy(path: Path, passwords: Sequence[str]) -> OpenedPdf:
    """Open a file that pdfium refuses: it knows fewer kinds of encryption, and checks more of them."""
    for password in _passwords(passwords):
        try:
            with pikepdf.open(path, password=password or "", suppress_warnings=True) as pdf:
                has_hidden_groups = hide_groups(pdf)
                copy = _save(pdf, path.name)
            document = pypdfium2.PdfDocument(copy)
        except (*_QPDF_ERRORS, PdfiumError):
            continue
        return OpenedPdf(document=document, copy=copy, has_hidden_groups=has_hidden_groups)
    if system := rights_handler(path):
        raise rights_managed(path.name, system)
    raise RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)


def _without_hidden_groups(path: Path, document: Any, password: str | None) -> OpenedPdf:
    """The document as it is, or a copy of it where some of its content is off."""
    opened = OpenedPdf(document=document, needs_password=password is not None)
    if not _may_have_groups(path):
        return opened
    try:
        copy = _marked_copy(path, document, password)
        if copy is None:
            return opened
        marked = pypdfium2.PdfDocument(copy)
    except (*_QPDF_ERRORS, PdfiumError):
        return replace(opened, has_unmarked_groups=True)
    document.close()
    return OpenedPdf(document=marked, copy=copy, has_hidden_groups=True)


def _marked_copy(path: Path, document: Any, password: str | None) -> Path | None:
    """A copy of a file in which its hidden groups are marked; None where it has none."""
    try:
        return _mark_groups(path, password)
    except TooComplexError:
        raise
    except _QPDF_ERRORS:
        # pdfium repairs more of a damaged file. It writes what it made of it, without compressed objects.
        repaired = _new_file(path.name)
        document.save(repaired, flags=pdfium.FPDF_REMOVE_SECURITY)
        return _mark_groups(repaired, None) if _may_have_groups(repaired) else None


def _mark_groups(path: Path, password: str | None) -> Path | None:
    # Inherited attributes are of no use here, and resolving them copies a page for each time it is named.
    with pikepdf.open(
        path, password=password or "", suppress_warnings=True, inherit_page_attributes=False
    ) as pdf:
        return _save(pdf, path.name) if hide_groups(pdf) else None


def _may_have_groups(path: Path) -> bool:
    """A cheap test, since few files have any: their entry may also be in a compressed stream of objects."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"/OCProperties") >= 0 or content.find(b"/ObjStm") >= 0


def _save(pdf: pikepdf.Pdf, name: str) -> Path:
    """Write the file without protection."""
    copy = _new_file(name)
    pdf.save(copy, encryption=False)
    return copy


def _new_file(name: str) -> Path:
    """Where to write a copy: on disk, since it may be too large for memory.

    It lies among the temporary files of this process, which its parent removes.
    """
    return Path(tempfile.mkdtemp(prefix="copy-")) / name
