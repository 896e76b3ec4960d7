"""Which function opens which type of file; a type that is not here is not read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from worker.extract.image import open_image
from worker.extract.office import open_docx
from worker.extract.page_source import PageSource
from worker.extract.pdf import open_pdf
from worker.extract.text import open_text
from worker.models import FileType
from worker.read_options import ReadOptions

Extractor = Callable[[Path, ReadOptions], PageSource]
"""Opens a file; raises RejectedError with the reason why it can never be read."""

EXTRACTORS: Mapping[FileType, Extractor] = MappingProxyType(
    {
        FileType.PDF: open_pdf,
        FileType.DOCX: open_docx,
        FileType.TEXT: open_text,
        FileType.JPEG: open_image,
        FileType.PNG: open_image,
        FileType.TIFF: open_image,
        FileType.BMP: open_image,
        FileType.GIF: open_image,
        FileType.WEBP: open_image,
    }
)
