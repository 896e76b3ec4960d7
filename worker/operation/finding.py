"""A finding of the doctor, and the check that makes it: a function that examines one thing and may raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.errors import MisconfiguredError, UnavailableError, WorkerError

_REACH = (
    "Make sure that this machine reaches it (network, security group, VPC endpoint, proxy) and that "
    "AWS_DEFAULT_REGION and the AWS_ENDPOINT_URL variables are right."
)


class Level(StrEnum):
    """With a failure the worker cannot run; with a warning it runs, but slower or with a risk."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the report; `advice` says what to do, and is empty where there is nothing to do."""

    level: Level
    subject: str
    message: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing to examine. `run` may raise WorkerError, for which `advice` says what to do.

    `unavailable_advice` is the advice where a service does not answer, `worst` the level of an error that
    is no misconfiguration (those are always failures).
    """

    subject: str
    run: Callable[[], Sequence[Finding]]
    advice: str
    unavailable_advice: str = _REACH
    worst: Level = Level.FAILURE

    def error_finding(self, error: WorkerError) -> Finding:
        """The finding for an error that `run` raised."""
        return Finding(
            level=Level.FAILURE if isinstance(error, MisconfiguredError) else self.worst,
            subject=self.subject,
            message=str(error),
            advice=self.unavailable_advice if type(error) is UnavailableError else self.advice,
        )


def ok(subject: str, message: str) -> Finding:
    """A finding without advice."""
    return Finding(level=Level.OK, subject=subject, message=message)


def warning(subject: str, message: str, advice: str) -> Finding:
    """A finding with which the worker runs, but not well."""
    return Finding(level=Level.WARNING, subject=subject, message=message, advice=advice)


def failure(subject: str, message: str, advice: str) -> Finding:
    """A finding with which the worker cannot run."""
    return Finding(level=Level.FAILURE, subject=subject, message=message, advice=advice)
