"""What the thread of a document hears of its reading."""

from __future__ import annotations

from dataclasses import dataclass

from worker.errors import Code
from worker.models.file import FileType
from worker.models.member import Member
from worker.models.page import Page
from worker.sandbox.protocol import DocumentDetails, PreviewDone


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingEnded:
    """The last event; `code` is None when all that could be read was read."""

    code: Code | None = None
    message: str = ""


Event = FileType | Member | Page | PreviewDone | DocumentDetails | ReadingEnded
