"""The types of files that are told apart, and the MIME type of each."""

from __future__ import annotations

from enum import StrEnum


class FileType(StrEnum):
    """What a file is, decided by its content; the value names it in the index and in keys.

    Kinds that are read alike share a member: docx stands for docm too, HEIC for HEIF. Plain texts differ
    by name alone.
    """

    PDF = "pdf"
    JPEG = "jpg"
    PNG = "png"
    TIFF = "tiff"
    BMP = "bmp"
    GIF = "gif"
    WEBP = "webp"
    HEIC = "heic"
    JPEG_2000 = "jp2"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    DOC = "doc"
    XLS = "xls"
    PPT = "ppt"
    RTF = "rtf"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    TEXT = "txt"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "md"
    LOG = "log"
    JSON = "json"
    XML = "xml"
    HTML = "html"
    UNSUPPORTED = "unsupported"

    @property
    def is_image(self) -> bool:
        """Whether the file is a picture (these get an image vector by default)."""
        return self.mime_type.startswith("image/")

    @property
    def mime_type(self) -> str:
        """The registered MIME type; application/octet-stream for what is not supported."""
        return _MIME_TYPES[self]


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_MIME_TYPES = {
    FileType.PDF: "application/pdf",
    FileType.JPEG: "image/jpeg",
    FileType.PNG: "image/png",
    FileType.TIFF: "image/tiff",
    FileType.BMP: "image/bmp",
    FileType.GIF: "image/gif",
    FileType.WEBP: "image/webp",
    FileType.HEIC: "image/heic",
    FileType.JPEG_2000: "image/jp2",
    FileType.DOCX: f"{_OPEN_XML}.wordprocessingml.document",
    FileType.XLSX: f"{_OPEN_XML}.spreadsheetml.sheet",
    FileType.PPTX: f"{_OPEN_XML}.presentationml.presentation",
    FileType.DOC: "application/msword",
    FileType.XLS: "application/vnd.ms-excel",
    FileType.PPT: "application/vnd.ms-powerpoint",
    FileType.RTF: "application/rtf",
    FileType.ODT: f"{_OPEN_DOCUMENT}.text",
    FileType.ODS: f"{_OPEN_DOCUMENT}.spreadsheet",
    FileType.ODP: f"{_OPEN_DOCUMENT}.presentation",
    FileType.TEXT: "text/plain",
    FileType.CSV: "text/csv",
    FileType.TSV: "text/tab-separated-values",
    FileType.MARKDOWN: "text/markdown",
    FileType.LOG: "text/plain",
    FileType.JSON: "application/json",
    FileType.XML: "application/xml",
    FileType.HTML: "text/html",
    FileType.UNSUPPORTED: "application/octet-stream",
}
