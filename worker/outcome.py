"""How an attempt ended, and the one table that decides it from the error that ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from worker.errors import (
    Code,
    DeadLetterError,
    JobInterrupted,
    LeaseLostError,
    LocalFaultError,
    MisconfiguredError,
    ProcessingError,
    RejectedError,
    ServiceRefusedError,
    TransientError,
    WorkerError,
)
from worker.runtime.local_faults import to_local_fault


class Ending(StrEnum):
    """What must be done with the message."""

    DONE = "done"
    """The ledger row is committed: delete the message."""
    REQUEUE = "requeue"
    """This worker stops: clear the owner, send a fresh copy, delete the original."""
    RETRY = "retry"
    """Make the message visible again after a delay."""
    DEAD_LETTER = "dead_letter"
    """Send the body to the dead-letter queue with its reason, record it, delete the original."""
    ABANDON = "abandon"
    """Another attempt owns the file: change nothing."""
    STOP = "stop"
    """Only an operator can help: stop the process, leave the message in the queue."""


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
# An outage lasts longer than a few seconds, and each receive counts towards the queue's redrive limit.
_UNCOUNTED_RETRY_S = 30.0
# What refuses a file may be our own fault for a minute (a role, a proxy, a mapping under change). The delay
# is multiplied by the receives, so that three attempts take 75 s.
_MAY_BE_OUR_FAULT = frozenset({Code.SOURCE_MISSING, Code.SOURCE_FORBIDDEN, Code.INDEX_REJECTED})
_FIRST_REFUSAL_RETRY_S = 15.0

# Short: a healthy worker should have the message soon, and a broken one pauses before it receives again.
_LOCAL_FAULT_RETRY_S = 5.0

_ENDINGS: Mapping[type[WorkerError], Ending] = MappingProxyType(
    {
        JobInterrupted: Ending.REQUEUE,
        LeaseLostError: Ending.ABANDON,
        ServiceRefusedError: Ending.RETRY,
        MisconfiguredError: Ending.STOP,
        DeadLetterError: Ending.DEAD_LETTER,
        RejectedError: Ending.DEAD_LETTER,
        TransientError: Ending.RETRY,
    }
)
"""How each class of error ends an attempt; a class that is not listed ends it like its parent."""


def is_retryable(error: WorkerError) -> bool:
    """Whether a new attempt may succeed later."""
    return _ending_of(error) is Ending.RETRY


def from_error(error: Exception, *, failures: int, max_failures: int) -> Outcome:
    """Decide how an attempt ended from the error that ended it.

    `failures` counts the failures before this one. An error that is in no table is a failure that may be
    retried; the one that reaches `max_failures` is dead-lettered, and so is a refusal of this file alone.
    """
    if _ending_of(error) in (None, Ending.RETRY):
        # No file descriptors left looks like a service that does not answer.
        error = to_local_fault(error) or error
    code = error.code if isinstance(error, WorkerError) else Code.PROCESSING_FAILED
    message = str(error) or type(error).__name__
    stage = error.stage if isinstance(error, ProcessingError) else ""
    ending = _ending_of(error)
    may_be_our_fault = code in _MAY_BE_OUR_FAULT and not isinstance(error, DeadLetterError)
    if ending not in (None, Ending.RETRY) and not may_be_our_fault:
        return Outcome(ending=ending, code=code, message=message, stage=stage)
    if isinstance(error, LocalFaultError):
        return Outcome(ending=Ending.RETRY, code=code, message=message, delay_s=_LOCAL_FAULT_RETRY_S)
    if not _is_failure(error):
        wait_s = error.retry_after_s if isinstance(error, TransientError) else None
        return Outcome(ending=Ending.RETRY, code=code, message=message, delay_s=wait_s or _UNCOUNTED_RETRY_S)
    if failures + 1 >= max_failures:
        return Outcome(
            ending=Ending.DEAD_LETTER,
            # A refusal names its own cause; a failure of ours is only the last of several.
            code=code if may_be_our_fault else Code.TOO_MANY_FAILURES,
            message=f"{failures + 1} attempts failed, the last with {code}: {message}",
            stage=stage,
            counted=True,
        )
    first_s = _FIRST_REFUSAL_RETRY_S if may_be_our_fault else _FIRST_RETRY_S
    delay_s = min(_LONGEST_RETRY_S, first_s * 2.0**failures)
    return Outcome(
        ending=Ending.RETRY, code=code, message=message, stage=stage, counted=True, delay_s=delay_s
    )


def _is_failure(error: Exception) -> bool:
    """Whether an error that may be retried counts towards the limit."""
    if isinstance(error, TransientError):
        return error.counts_as_failure
    return not isinstance(error, ServiceRefusedError)


def _ending_of(error: Exception) -> Ending | None:
    """The ending of the nearest class in the table, None for an error of no such class."""
    if isinstance(error, ProcessingError) and not error.retry_allowed:
        return Ending.DEAD_LETTER
    # In method resolution order, so that a subclass may have an entry of its own.
    return next((_ENDINGS[kind] for kind in type(error).__mro__ if kind in _ENDINGS), None)
