"""How an attempt ended, and the one function that decides it from an error.

An attempt ends in a value; the consumer settles that value in one `match` and is the only place
that acknowledges.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from worker.errors import (
    Code,
    DeadLetterError,
    JobInterrupted,
    LeaseLostError,
    MisconfiguredError,
    ProcessingError,
    RejectedError,
    ThrottledError,
    TransientError,
    WorkerError,
)


class Ending(StrEnum):
    """What must be done with the message."""

    DONE = "done"
    """The ledger row is committed: delete the message."""
    REQUEUE = "requeue"
    """This machine stops: clear the owner, send a fresh copy, delete the original."""
    RETRY = "retry"
    """Make the message visible again after a delay."""
    DEAD_LETTER = "dead_letter"
    """Send the body to the dead-letter queue with its reason, record it, delete the original."""
    ABANDON = "abandon"
    """Another attempt owns the file: touch nothing."""
    STOP = "stop"
    """Only an operator can help: stop the process, leave the message as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of one attempt; `counted` says whether it is a failure that counts towards the limit."""

    ending: Ending
    code: str = ""
    message: str = ""
    stage: str = ""
    counted: bool = False
    delay_s: float = 0.0


DONE = Outcome(ending=Ending.DONE)

_FIRST_RETRY_S = 5.0
_LONGEST_RETRY_S = 300.0


def from_error(error: Exception, *, failures: int, max_failures: int) -> Outcome:
    """Decide how an attempt ended from the error that ended it.

    `failures` counts the failures before this one. An error nobody foresaw is a failure that may be
    retried; the one that reaches `max_failures` is dead-lettered.
    """
    code = error.code if isinstance(error, WorkerError) else Code.PROCESSING_FAILED
    message = str(error) or type(error).__name__
    stage = error.stage if isinstance(error, ProcessingError) else ""
    match error:
        case JobInterrupted():
            return Outcome(ending=Ending.REQUEUE, code=code, message=message)
        case LeaseLostError():
            return Outcome(ending=Ending.ABANDON, code=code, message=message)
        case MisconfiguredError():
            return Outcome(ending=Ending.STOP, code=code, message=message)
        case DeadLetterError() | RejectedError():
            return Outcome(ending=Ending.DEAD_LETTER, code=code, message=message, stage=stage)
        case ProcessingError(retry_allowed=False):
            return Outcome(ending=Ending.DEAD_LETTER, code=code, message=message, stage=stage)
        case TransientError(counts_as_failure=False):
            wait_s = error.retry_after_s if isinstance(error, ThrottledError) else None
            return Outcome(ending=Ending.RETRY, code=code, message=message, delay_s=wait_s or 30.0)
    if failures + 1 >= max_failures:
        return Outcome(
            ending=Ending.DEAD_LETTER,
            code=Code.TOO_MANY_FAILURES,
            message=f"{failures + 1} attempts failed, the last with {code}: {message}",
            stage=stage,
            counted=True,
        )
    delay_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0**failures)
    return Outcome(
        ending=Ending.RETRY, code=code, message=message, stage=stage, counted=True, delay_s=delay_s
    )
