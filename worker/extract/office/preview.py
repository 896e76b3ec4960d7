"""Preview of an Office file's first page: rendered by LibreOffice, else the thumbnail stored in the file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from worker.errors import Code, RejectedError
from worker.extract.image.document import open_image
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.ooxml_package import UNREADABLE, open_package
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType

# Smaller stored thumbnails are icons; PowerPoint's and LibreOffice's are 256 px wide or high.
_MIN_THUMBNAIL_PX = 200
# Larger files are not rendered: a preview is not worth a minute.
_MAX_RENDERED_BYTES = 32 * 1024**2
# Text has priority over previews.
_NICE = 10
_OPEN_DOCUMENT_THUMBNAIL = "Thumbnails/thumbnail.png"
_IMPORT_FILTERS: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.DOCX: "MS Word 2007 XML",
        FileType.XLSX: "Calc MS Excel 2007 XML",
        FileType.PPTX: "Impress MS PowerPoint 2007 XML",
    }
)
_EXPORT_FILTERS: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.DOCX: "writer",
        **dict.fromkeys((FileType.XLSX, FileType.XLS, FileType.XLSB, FileType.ODS), "calc"),
        **dict.fromkeys((FileType.PPTX, FileType.PPT, FileType.ODP), "impress"),
    }
)
_FIRST_PAGE = '{"PageRange":{"type":"string","value":"1"}}'


def office_preview(
    path: Path, file_type: FileType, options: ReadOptions, *, reader: str | None = None
) -> Image.Image | None:
    """The upright RGB image of the first page, None where there is none.

    `reader` is the import filter of a legacy file. Raises RejectedError where a limit, and not the content,
    kept it from being rendered, and the file has no thumbnail of its own.
    """
    met_limit: RejectedError | None = None
    try:
        if options.office_thumbnails and path.stat().st_size <= _MAX_RENDERED_BYTES:
            return _render(path, file_type, options, reader=reader or _IMPORT_FILTERS[file_type])
    except RejectedError as error:
        met_limit = error if error.code is Code.TIMEOUT else None
    with suppress(RejectedError, *UNREADABLE):
        # Small, and in files made from a template that of the template: only where nothing can be rendered.
        stored = next(_thumbnails(path, options), None)
        if stored is not None:
            return stored
    if met_limit is not None:
        raise met_limit
    return None


def _render(path: Path, file_type: FileType, options: ReadOptions, *, reader: str) -> Image.Image | None:
    conversion = Conversion(
        suffix=file_type.value,
        reader=reader,
        writer=f"pdf:{_EXPORT_FILTERS[file_type]}_pdf_Export:{_FIRST_PAGE}",
        nice=_NICE,
    )
    # Half of what a page may take, so that it ends before the whole process is taken to hang.
    timeout_s = options.limits.page_timeout_s / 2
    return open_pdf(convert(path, conversion, timeout_s=timeout_s), options).preview()


def _thumbnails(path: Path, options: ReadOptions) -> Iterator[Image.Image]:
    package = open_package(path)
    for part in (*package.targets("", "thumbnail"), _OPEN_DOCUMENT_THUMBNAIL):
        if part in package:
            picture = Path(tempfile.mkdtemp(prefix="stored-")) / "picture"
            package.extract(part, picture)
            preview = open_image(picture, options).preview()
            if preview is not None and max(preview.size) >= _MIN_THUMBNAIL_PX:
                yield preview
