"""An opened archive: one page with the names in it, and the files."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import IO, Any

from worker.errors import Code, RejectedError
from worker.extract.page_source import ContainedFile, PageSource, no_preview
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean
from worker.extract.text.text_page import file_page, refuse_render

MAX_NAMES = 100_000
MAX_HEADERS = 200_000
"""So many headers are read of an archive that has no directory: each may be a few bytes."""
_PIECE_BYTES = 1 << 14
_OF_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")


def archive_source(
    names: Iterable[str],
    contained: Iterable[ContainedFile],
    options: ReadOptions,
    *,
    unread: tuple[Code, ...] = (),
    shown: str = "",
) -> PageSource:
    """The source of an archive with these names, which are searchable as text.

    Raises RejectedError (`empty`) where there is none; `shown` is the name of the archive.
    """
    lines = list(names)
    if not lines and not unread:
        raise RejectedError(f"{shown}: an archive without files", code=Code.EMPTY)
    return PageSource(
        page_count=1,
        pages=iter((file_page(1, clean("\n".join(lines)), options),)),
        render=refuse_render,
        preview=no_preview,
        unread=unread,
        contained=contained,
    )


def is_of_a_system(name: str) -> bool:
    """Whether an operating system made the file for itself; it holds nothing that a user wrote."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1] in _OF_SYSTEMS


class ReadableStream(io.RawIOBase):
    """The bytes of one file in an archive; errors of unpacking them become RejectedError (`corrupt`).

    They are read in small pieces: what comes before damage is kept, but for the piece that has it.
    """

    def __init__(self, source: IO[bytes], name: str, *, errors: tuple[type[Exception], ...]) -> None:
        self._source = source
        self._read = getattr(source, "read1", source.read)
        self._name = name
        self._errors = errors

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as there are, and at most as many as the buffer takes."""
        try:
            data = self._read(min(len(buffer), _PIECE_BYTES))
        except self._errors as error:
            raise RejectedError(f"{self._name}: damaged; its bytes cannot be unpacked ({error})") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file, and not its archive."""
        self._source.close()
        super().close()
