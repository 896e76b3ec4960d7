"""Older and binary Office, RTF and OpenDocument files, converted by LibreOffice and read from the result.

Spreadsheets and presentations become xlsx and pptx, which keep hidden sheets, speaker notes, comments, and
cell values in narrow columns. Texts become a PDF, because only that has their pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from worker.errors import Code, RejectedError
from worker.extract.office.core_properties import open_document_properties, without_dates
from worker.extract.office.default_password import convert_encrypted
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.ole import OLE_START, has_directory, has_stream, is_encrypted, word_version
from worker.extract.office.ooxml_package import UNREADABLE, open_package
from worker.extract.office.pptx import open_pptx
from worker.extract.office.preview import office_preview
from worker.extract.office.stored.biff_stream import biff_version
from worker.extract.office.stored.stored_form import prepare_copy, repaired_copies
from worker.extract.office.xlsx import open_xlsx
from worker.extract.page_source import PageSource
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType
from worker.models.metadata import Properties

_SHEETS = frozenset({FileType.XLS, FileType.XLSB, FileType.ODS})
_SLIDES = frozenset({FileType.PPT, FileType.ODP})
_OPEN_DOCUMENTS = frozenset({FileType.ODT, FileType.ODS, FileType.ODP, FileType.ODG})
_ARCHIVES = _OPEN_DOCUMENTS | {FileType.XLSB}
_IMPORT_FILTERS: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.DOC: "MS Word 97",
        FileType.XLS: "MS Excel 97",
        FileType.XLSB: "Calc MS Excel 2007 Binary",
        FileType.PPT: "MS PowerPoint 97",
        FileType.RTF: "Rich Text Format",
        FileType.ODT: "writer8",
        FileType.ODS: "calc8",
        FileType.ODP: "impress8",
        FileType.ODG: "draw8",
    }
)
# Comments become notes of the PDF; LibreOffice before 7.4 ignores the option.
_TO_PDF = 'pdf:writer_pdf_Export:{"ExportNotes":{"type":"boolean","value":"true"}}'
_DRAWING_TO_PDF = "pdf:draw_pdf_Export"
_TO_XLSX = "xlsx:Calc MS Excel 2007 XML"
_TO_PPTX = "pptx:Impress MS PowerPoint 2007 XML"
_WORD_95, _WORD_97 = 104, 193
_EXCEL_5, _BOF_BYTES = 5, 16
_MANIFEST = "META-INF/manifest.xml"


def open_legacy_office(file_type: FileType, path: Path, options: ReadOptions) -> PageSource:
    """The pages of the converted file.

    Raises RejectedError: `encrypted`, `needs_libreoffice`, `timeout` (one page's time for the whole file),
    `crashed`, `corrupt` where there is no output, and what `open_package` and the new file's reader raise.
    """
    is_encrypted_file = _is_encrypted(path, file_type)
    if is_encrypted_file and file_type is not FileType.XLS:
        raise RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    if _is_damaged(path):
        raise RejectedError(f"{path.name}: the directory of its streams is damaged or cut off")
    reader = _import_filter(path, file_type)
    stored = path if is_encrypted_file else prepare_copy(path, file_type)

    damage: list[Code] = []

    def convert_to(writer: str) -> Path:
        conversion = Conversion(suffix=file_type.value, reader=reader, writer=writer)
        if is_encrypted_file:
            return convert_encrypted(path, conversion, options)
        timeout_s = options.limits.page_timeout_s
        try:
            return convert(stored, conversion, timeout_s=timeout_s)
        except RejectedError as error:
            if error.code is not Code.CORRUPT:
                raise
            damage.append(Code.CORRUPT)
            return _convert_repaired(stored, file_type, conversion, timeout_s=timeout_s, error=error)

    if file_type in _SHEETS:
        source = open_xlsx(convert_to(_TO_XLSX), options)
    elif file_type in _SLIDES:
        source = open_pptx(convert_to(_TO_PPTX), options, has_dates=False)
    else:
        writer = _DRAWING_TO_PDF if file_type is FileType.ODG else _TO_PDF
        source = open_pdf(convert_to(writer), options)
    source = replace(
        source, properties=_properties(path, file_type, source), unread=(*source.unread, *damage)
    )
    if file_type not in _SHEETS | _SLIDES:
        return source
    return replace(source, preview=partial(office_preview, stored, file_type, options, reader=reader))


def _convert_repaired(
    path: Path, file_type: FileType, conversion: Conversion, *, timeout_s: float, error: RejectedError
) -> Path:
    """What LibreOffice makes of the first copy that it can read; raises the error where it reads none."""
    for copy in repaired_copies(path, file_type):
        try:
            return convert(copy, conversion, timeout_s=timeout_s)
        except RejectedError as refused:
            if refused.code is not Code.CORRUPT:
                raise
    raise error


def _properties(path: Path, file_type: FileType, converted: PageSource) -> Properties:
    """What the file itself says, of OpenDocument; else what its converted form still has of it."""
    if file_type in _OPEN_DOCUMENTS:
        try:
            return open_document_properties(open_package(path))
        except RejectedError:  # LibreOffice repairs some archives
            return without_dates(converted.properties)
    return without_dates(converted.properties)


def _is_encrypted(path: Path, file_type: FileType) -> bool:
    """Whether it needs a password; archives are checked for bombs on the way."""
    if file_type not in _ARCHIVES:
        return _is_ole(path) and is_encrypted(path)
    package = open_package(path)
    if file_type is FileType.XLSB:
        return False
    try:
        return any(True for _ in package.tree(_MANIFEST).iter("{*}encryption-data"))
    except UNREADABLE:
        return False


def _is_damaged(path: Path) -> bool:
    """Whether no program can read it, so that it is `corrupt` even where LibreOffice is missing."""
    return _is_ole(path) and not has_directory(path)


def _is_ole(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(OLE_START)) == OLE_START


def _import_filter(path: Path, file_type: FileType) -> str:
    """The LibreOffice filter that reads the file."""
    if file_type is FileType.DOC and 0 < (version := word_version(path)) < _WORD_97:
        return "MS Word 95" if version >= _WORD_95 else "MS WinWord 6"
    if file_type is FileType.XLS and not _is_ole(path):
        with path.open("rb") as file:
            return "MS Excel 95" if biff_version(file.read(_BOF_BYTES)) == _EXCEL_5 else "MS Excel 4.0"
    if file_type is FileType.XLS and not has_stream(path, "Workbook") and has_stream(path, "Book"):
        return "MS Excel 95"
    return _IMPORT_FILTERS[file_type]
