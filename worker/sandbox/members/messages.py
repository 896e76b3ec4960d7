"""What a document process says of the files within its document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from worker.models.file import FileType
from worker.sandbox.json_codec import Range

MAX_PAGES = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberBegun:
    """The next file is unpacked and opened now; its first page follows on the last one before."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberOpened:
    """It has so many pages; with 0 it is not read, and one page stands for it."""

    pages: Annotated[int, Range(least=0, most=MAX_PAGES)]
    file_type: FileType
    size_bytes: Annotated[int, Range(least=0)]
    sha256: str
