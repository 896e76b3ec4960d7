"""A file: the message about it, its version in the bucket, its download, its type."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any


class EventType(StrEnum):
    """What a queue message reports. It is only a hint: the state of the object itself decides."""

    FILE_UPLOADED = "FILE_UPLOADED"
    FILE_DELETED = "FILE_DELETED"
    FILE_MOVED = "FILE_MOVED"


class Rerun(StrEnum):
    """What an operator has made again of a file whose version and content are known."""

    ALL = "all"
    """Read the file again, and embed it again: nothing is taken from the cache."""
    THUMBNAILS = "thumbnails"
    VECTORS = "vectors"
    THUMBNAILS_AND_VECTORS = "thumbnails,vectors"
    INDEX = "index"
    """Write the index entry again from what is stored."""

    @property
    def draws(self) -> bool:
        """Whether the thumbnail alone is drawn again."""
        return self in (Rerun.THUMBNAILS, Rerun.THUMBNAILS_AND_VECTORS)

    @property
    def embeds(self) -> bool:
        """Whether stored vectors are replaced."""
        return self in (Rerun.ALL, Rerun.VECTORS, Rerun.THUMBNAILS_AND_VECTORS)

    @property
    def needs_file(self) -> bool:
        """Whether the file itself is needed, and not only what is stored of it."""
        return self is Rerun.ALL or self.draws


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMessage:
    """One file named by a queue message (`events.parse` finds one in each record of a body).

    `rerun` is what its message asks to make again, `first_seen_ms` when the first copy of that was sent.
    With `tags_changed` the event is of the object's tags, which name groups, and of nothing else.
    """

    event_type: EventType
    bucket: str
    key: str
    size_bytes: int | None = None
    uploaded_at: str | None = None
    mime_type: str | None = None
    original_path: str | None = None
    previous_key: str | None = None
    version_id: str | None = None
    sequencer: str | None = None
    rerun: Rerun | None = None
    first_seen_ms: int = 0
    tags_changed: bool = False

    @property
    def file_id(self) -> str:
        """Identity of the file: see `file_id`."""
        return file_id(self.bucket, self.key)

    @property
    def display_path(self) -> str:
        """The path known to users: where the file came from, else its key."""
        return self.original_path or self.key

    @property
    def is_image_by_name(self) -> bool:
        """Whether the file is an image by its MIME type or its name; its content decides, once it is read."""
        suffix = PurePosixPath(self.display_path).suffix[1:].lower()
        return (self.mime_type or "").startswith("image/") or suffix in _IMAGE_SUFFIXES

    def event_ms(self, *, first_seen_ms: int = 0) -> int:
        """When the event happened, in milliseconds since 1970; 0 when not known.

        `first_seen_ms` is when its message was sent: the event was before that, whatever its sender's clock
        says.
        """
        try:
            when = datetime.fromisoformat(self.uploaded_at or "")
            event_ms = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError):
            event_ms = 0
        return min((each for each in (event_ms, first_seen_ms) if each > 0), default=0)


def file_id(bucket: str, key: str) -> str:
    """SHA-256 (hex) of bucket, NUL, key, with the key's bytes as given."""
    # NUL is in neither of them, so that ("a/b", "c") and ("a", "b/c") differ; no NFC: keys are bytes.
    return hashlib.sha256(bucket.encode() + b"\0" + key.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectVersion:
    """The current version of an object in the source bucket (from HEAD, or from a GET that is still open).

    The content of an archived one can only be read after a restore. Its date, the groups of its metadata and
    how many tags it has are not compared: tags change without a new version.
    """

    etag: str
    size_bytes: int
    version_id: str | None = None
    original_path: str | None = None
    is_archived: bool = False
    last_modified: str = field(default="", compare=False)
    groups: tuple[str, ...] = field(default=(), compare=False)
    tags: int = field(default=0, compare=False)

    @property
    def version(self) -> str:
        """VersionId where the bucket is versioned, else ETag and size."""
        # Objects from before versioning was enabled have the ID "null", whatever their content.
        if self.version_id and self.version_id != "null":
            return self.version_id
        return f"{self.etag}-{self.size_bytes}"


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenObject:
    """An object opened for reading: its version, and the stream of exactly that version's bytes as stored.

    The one that has it closes it.
    """

    bucket: str
    key: str
    version: ObjectVersion
    body: Any
    encoding: str = ""

    def close(self) -> None:
        """Release the connection; safe to call twice."""
        self.body.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    """The downloaded bytes: where they are and what they hash to (hex)."""

    path: str
    sha256: str
    version: ObjectVersion


class FileType(StrEnum):
    """The type of a file, detected from its content; the value is stored in the index and in keys.

    Types with the same extractor share a member: docx includes docm, HEIC includes HEIF. Plain text types
    differ by file name only.
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
    XLSB = "xlsb"
    DOC = "doc"
    XLS = "xls"
    PPT = "ppt"
    RTF = "rtf"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    ODG = "odg"
    TEXT = "txt"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "md"
    LOG = "log"
    JSON = "json"
    XML = "xml"
    HTML = "html"
    EML = "eml"
    MHT = "mht"
    MBOX = "mbox"
    MSG = "msg"
    ZIP = "zip"
    TAR = "tar"
    GZIP = "gz"
    BZIP2 = "bz2"
    XZ = "xz"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    LZH = "lzh"
    CAB = "cab"
    ISO = "iso"
    ZSTANDARD = "zst"
    UNSUPPORTED = "unsupported"

    @property
    def is_image(self) -> bool:
        """Whether the file is an image (images get an image vector by default)."""
        return self.mime_type.startswith("image/")

    @property
    def mime_type(self) -> str:
        """The registered MIME type; application/octet-stream for unsupported files."""
        return _MIME_TYPES[self]


_IMAGE_SUFFIXES = frozenset(
    {"jpg", "jpeg", "png", "tif", "tiff", "bmp", "gif", "webp", "heic", "heif", "jp2"}
)
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
    FileType.XLSB: "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    FileType.DOC: "application/msword",
    FileType.XLS: "application/vnd.ms-excel",
    FileType.PPT: "application/vnd.ms-powerpoint",
    FileType.RTF: "application/rtf",
    FileType.ODT: f"{_OPEN_DOCUMENT}.text",
    FileType.ODS: f"{_OPEN_DOCUMENT}.spreadsheet",
    FileType.ODP: f"{_OPEN_DOCUMENT}.presentation",
    FileType.ODG: f"{_OPEN_DOCUMENT}.graphics",
    FileType.TEXT: "text/plain",
    FileType.CSV: "text/csv",
    FileType.TSV: "text/tab-separated-values",
    FileType.MARKDOWN: "text/markdown",
    FileType.LOG: "text/plain",
    FileType.JSON: "application/json",
    FileType.XML: "application/xml",
    FileType.HTML: "text/html",
    FileType.EML: "message/rfc822",
    FileType.MHT: "multipart/related",
    FileType.MBOX: "application/mbox",
    FileType.MSG: "application/vnd.ms-outlook",
    FileType.ZIP: "application/zip",
    FileType.TAR: "application/x-tar",
    FileType.GZIP: "application/gzip",
    FileType.BZIP2: "application/x-bzip2",
    FileType.XZ: "application/x-xz",
    FileType.SEVEN_ZIP: "application/x-7z-compressed",
    FileType.RAR: "application/vnd.rar",
    FileType.LZH: "application/x-lzh-compressed",
    FileType.CAB: "application/vnd.ms-cab-compressed",
    FileType.ISO: "application/x-iso9660-image",
    FileType.ZSTANDARD: "application/zstd",
    FileType.UNSUPPORTED: "application/octet-stream",
}
