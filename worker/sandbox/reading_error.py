"""What the end of a reading means for the attempt: a fault of the set-up, of the machine, or of the file."""

from __future__ import annotations

from worker.errors import Code, LocalFaultError, MisconfiguredError, RejectedError, ReportedFaultError
from worker.sandbox.nets.events import ReadingEnded


def raise_for(event: ReadingEnded) -> None:
    """Raise what a `ReadingEnded` with a code stands for."""
    match event.code:
        case None:
            return
        case Code.MISCONFIGURED | Code.PROGRAM_MISSING:
            raise MisconfiguredError(event.message, code=event.code)
        case Code.LOCAL_FAULT:
            raise LocalFaultError(event.message)
        case Code.UNAVAILABLE:
            raise ReportedFaultError(event.message)
        case _:
            raise RejectedError(event.message, code=event.code)
