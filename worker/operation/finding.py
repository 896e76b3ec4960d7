"""What a check found, and the check itself: a function that looks at one thing and may raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.errors import MisconfiguredError, UnavailableError, WorkerError

_REACH = (
    "See that this machine reaches it (network, security group, VPC endpoint, proxy) and that "
    "AWS_DEFAULT_REGION and the AWS_ENDPOINT_URL variables name the right place."
)


class Level(StrEnum):
    """How bad it is: with a failure the worker cannot do its work, with a warning it will regret it."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the report; `advice` says what to do, and is empty where nothing must be done."""

    level: Level
    subject: str
    message: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing to look at. `run` may raise WorkerError, for which `advice` says what to do.

    `away` is the advice where the thing does not answer, `worst` the level of an error that is no
    misconfiguration (those are always failures).
    """

    subject: str
    run: Callable[[], Sequence[Finding]]
    advice: str
    away: str = _REACH
    worst: Level = Level.FAILURE

    def found(self, error: WorkerError) -> Finding:
        """What an error means."""
        return Finding(
            level=Level.FAILURE if isinstance(error, MisconfiguredError) else self.worst,
            subject=self.subject,
            message=str(error),
            advice=self.away if type(error) is UnavailableError else self.advice,
        )


def ok(subject: str, message: str) -> Finding:
    """A finding that asks for nothing."""
    return Finding(level=Level.OK, subject=subject, message=message)


def warning(subject: str, message: str, advice: str) -> Finding:
    """A finding that will be regretted."""
    return Finding(level=Level.WARNING, subject=subject, message=message, advice=advice)


def failure(subject: str, message: str, advice: str) -> Finding:
    """A finding that keeps the worker from its work."""
    return Finding(level=Level.FAILURE, subject=subject, message=message, advice=advice)
