"""A picture of an Office file's first page: one that LibreOffice draws, else the one stored in the file.

PowerPoint and LibreOffice store a picture of the first page. It is small, and in files that a program made
from a template it is that of the template, so it only stands in where nothing can be drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from worker.errors import RejectedError
from worker.extract.image.document import open_image
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.ooxml_package import UNREADABLE, open_package
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType

_STORED_PX = 200
"""Smaller stored pictures are icons; PowerPoint's and LibreOffice's are 256 px wide or high."""
_MAX_DRAWN_BYTES = 32 * 1024**2
"""Larger files are not drawn: a picture is not worth a minute."""
_DRAWING_S = 30.0
_NICE = 10
"""Text comes first."""
_OPEN_DOCUMENT_PICTURE = "Thumbnails/thumbnail.png"
_READERS: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.DOCX: "MS Word 2007 XML",
        FileType.XLSX: "Calc MS Excel 2007 XML",
        FileType.PPTX: "Impress MS PowerPoint 2007 XML",
    }
)
_WRITERS: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.DOCX: "writer",
        **dict.fromkeys((FileType.XLSX, FileType.XLS, FileType.ODS), "calc"),
        **dict.fromkeys((FileType.PPTX, FileType.PPT, FileType.ODP), "impress"),
    }
)
_FIRST_PAGE = '{"PageRange":{"type":"string","value":"1"}}'


def office_preview(
    path: Path, file_type: FileType, options: ReadOptions, *, reader: str | None = None
) -> Image.Image | None:
    """The upright RGB picture of the first page, None where there is none.

    `reader` is the filter that reads a legacy file.
    """
    with suppress(RejectedError):
        if options.office_thumbnails and path.stat().st_size <= _MAX_DRAWN_BYTES:
            return _drawn(path, file_type, options, reader=reader or _READERS[file_type])
    with suppress(RejectedError, *UNREADABLE):
        return next(_stored(path, options), None)
    return None


def _drawn(path: Path, file_type: FileType, options: ReadOptions, *, reader: str) -> Image.Image | None:
    drawing = Conversion(
        suffix=file_type.value,
        reader=reader,
        writer=f"pdf:{_WRITERS[file_type]}_pdf_Export:{_FIRST_PAGE}",
        nice=_NICE,
    )
    timeout_s = min(_DRAWING_S, options.limits.page_timeout_s / 2)
    return open_pdf(convert(path, drawing, timeout_s=timeout_s), options).preview()


def _stored(path: Path, options: ReadOptions) -> Iterator[Image.Image]:
    package = open_package(path)
    for part in (*package.related("", "thumbnail"), _OPEN_DOCUMENT_PICTURE):
        if part in package:
            picture = Path(tempfile.mkdtemp(prefix="stored-")) / "picture"
            package.extract(part, picture)
            preview = open_image(picture, options).preview()
            if preview is not None and max(preview.size) >= _STORED_PX:
                yield preview
