"""EXTRACTORS: the function that opens a file, by file type; a type that is not here is unsupported.

All places of a new file type are listed in docs/extending.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from worker.extract.archive.libarchive import open_with_libarchive
from worker.extract.archive.tar_archive import open_bzip2, open_gzip, open_tar, open_xz, open_zstandard
from worker.extract.archive.zip_archive import open_zip
from worker.extract.image.document import open_image
from worker.extract.mail.mailbox import open_mbox
from worker.extract.mail.message import open_mail, open_saved_page
from worker.extract.mail.outlook import open_msg
from worker.extract.office.default_password import decrypted_workbook
from worker.extract.office.docx import open_docx
from worker.extract.office.flat.flat_document import open_xml_file
from worker.extract.office.legacy import open_legacy_office
from worker.extract.office.objects.embedded_files import embedded_files
from worker.extract.office.objects.legacy_objects import legacy_objects
from worker.extract.office.objects.open_document_objects import open_document_objects
from worker.extract.office.objects.rtf_objects import rtf_objects
from worker.extract.office.pptx import open_pptx
from worker.extract.office.preview import office_preview
from worker.extract.office.xlsx import open_xlsx
from worker.extract.page_source import ContainedFile, PageSource
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.extract.text.markup import open_html
from worker.extract.text.plain import open_text
from worker.models.file import FileType

_OBJECTS: Mapping[FileType, Callable[[Path], Iterator[ContainedFile]]] = MappingProxyType(
    {
        **dict.fromkeys((FileType.DOC, FileType.XLS, FileType.PPT), legacy_objects),
        **dict.fromkeys((FileType.ODT, FileType.ODS, FileType.ODP, FileType.ODG), open_document_objects),
        FileType.RTF: rtf_objects,
        FileType.XLSB: embedded_files,
    }
)

Extractor = Callable[[Path, ReadOptions], PageSource]
"""Opens a file; raises RejectedError with the reason where it can never be read."""


def _complete(file_type: FileType, extractor: Extractor) -> Extractor:
    def open_with_preview(path: Path, options: ReadOptions) -> PageSource:
        if file_type is FileType.XLSX:
            path = decrypted_workbook(path, options)
        return replace(
            extractor(path, options),
            preview=partial(office_preview, path, file_type, options),
            contained=embedded_files(path),
        )

    return open_with_preview


def _open_legacy(file_type: FileType, path: Path, options: ReadOptions) -> PageSource:
    source = open_legacy_office(file_type, path, options)
    objects = _OBJECTS.get(file_type)
    return replace(source, contained=objects(path)) if objects else source


EXTRACTORS: Mapping[FileType, Extractor] = MappingProxyType(
    {
        FileType.PDF: open_pdf,
        FileType.DOCX: _complete(FileType.DOCX, open_docx),
        FileType.XLSX: _complete(FileType.XLSX, open_xlsx),
        FileType.PPTX: _complete(FileType.PPTX, open_pptx),
        FileType.HTML: open_html,
        FileType.XML: open_xml_file,
        FileType.EML: open_mail,
        FileType.MHT: open_saved_page,
        FileType.MBOX: open_mbox,
        FileType.MSG: open_msg,
        FileType.ZIP: open_zip,
        FileType.TAR: open_tar,
        FileType.GZIP: open_gzip,
        FileType.BZIP2: open_bzip2,
        FileType.XZ: open_xz,
        FileType.ZSTANDARD: open_zstandard,
    }
    | {
        kind: partial(open_with_libarchive, kind)
        for kind in (FileType.SEVEN_ZIP, FileType.RAR, FileType.LZH, FileType.CAB, FileType.ISO)
    }
    | {kind: open_image for kind in FileType if kind.is_image}
    | dict.fromkeys(
        (
            *(FileType.TEXT, FileType.CSV, FileType.TSV, FileType.MARKDOWN, FileType.LOG),
            FileType.JSON,
        ),
        open_text,
    )
    | {kind: partial(_open_legacy, kind) for kind in _OBJECTS}
)
