"""ReadingTime: the work that one document has cost, against its limits."""

from __future__ import annotations

from enum import Enum, auto

from worker.extract.read_options import Limits
from worker.runtime.machine.process_use import ProcessUse
from worker.runtime.machine.work_clock import WorkClock

# The nets around programs are as wide, and end one page; this one ends the whole process.
_GRACE_S, _GRACE_SHARE = 5.0, 0.1


class Met(Enum):
    """Which net a document has met."""

    NONE = auto()
    PAGE = auto()
    DOCUMENT = auto()


class ReadingTime:
    """Seconds of work or of hanging, not of waiting for a processor: see `WorkClock`.

    `permits` are the pages that are being OCRed, each with the seconds it is charged with. Which thread of a
    process used its time is not known, so each page is charged with its share.
    """

    def __init__(self, limits: Limits, now: float) -> None:
        self.permits: dict[int, float] = {}
        self._limits = limits
        self._clock = WorkClock(now)
        self._worked_s = 0.0
        self._unreported_s = 0.0

    def begin_process(self, now: float) -> None:
        """A new process reads the document."""
        self._clock = WorkClock(now)
        self._unreported_s = 0.0

    def hear(self) -> None:
        """The process has reported something, or was given something to do."""
        self._unreported_s = 0.0

    def document_s(self, page_count: int) -> float:
        """What the document may take in all."""
        return self._limits.document_timeout_s + self._limits.document_timeout_per_page_s * page_count

    def count(self, use: ProcessUse | None, now: float, *, is_counted: bool, page_count: int) -> Met:
        """Count what the process did since the last call, unless it only waited; which net that met."""
        worked_s = self._clock.advance(use, now)
        if not is_counted:
            self._unreported_s = 0.0
            return Met.NONE
        self._worked_s += worked_s
        share_s = worked_s / max(1, len(self.permits))
        self._unreported_s += share_s
        for page in self.permits:
            self.permits[page] += share_s
        if self._worked_s > self.document_s(page_count):
            return Met.DOCUMENT
        limit_s = self._limits.page_timeout_s
        longest_s = max([self._unreported_s, *self.permits.values()]) - min(_GRACE_S, _GRACE_SHARE * limit_s)
        return Met.PAGE if longest_s > limit_s else Met.NONE

    def late(self) -> list[int]:
        """The pages over the limit of a page."""
        return [page for page, worked_s in self.permits.items() if worked_s > self._limits.page_timeout_s]
