"""What an error from a remote service says: throttled or not, passing or not, and until when.

The code lists follow botocore's own standard retry mode (botocore/retries/standard.py), so that a
call retried here and a call retried by botocore are judged alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from botocore.exceptions import ClientError

from worker.errors import ThrottledError

_THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_PASSING_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "ModelNotReadyException",
        "ModelTimeoutException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_TOO_MANY_REQUESTS = 429
_PASSING_STATUSES = frozenset({500, 502, 503, 504})


class ErrorHandler:
    """Judges errors; needs no state, so it may be asked as a class or as an instance."""

    @staticmethod
    def is_throttling_error(error: BaseException) -> bool:
        """Whether a service asked for patience, in the error itself or in any of its causes."""
        return any(_is_throttling(link) for link in _chain(error))


def is_passing_client_error(error: ClientError) -> bool:
    """Whether the same call may succeed later: throttling, a time-out or a fault of the service."""
    return (
        _is_throttling(error) or _error_code(error) in _PASSING_CODES or _status(error) in _PASSING_STATUSES
    )


def reset_after_s(error: BaseException) -> float | None:
    """Seconds until the quota's reset, where the error or one of its causes names it.

    Read from `ThrottledError.retry_after_s` and from the headers `retry-after` (seconds) and
    `x-amz-retry-after` (milliseconds). A date in `retry-after` is not used: it would compare the
    wall clocks of two machines.
    """
    named = (_named_reset_s(link) for link in _chain(error))
    return next((seconds for seconds in named if seconds is not None), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__


def _is_throttling(error: BaseException) -> bool:
    if isinstance(error, ThrottledError):
        return True
    if not isinstance(error, ClientError):
        return False
    return _error_code(error) in _THROTTLING_CODES or _status(error) == _TOO_MANY_REQUESTS


def _error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    """The HTTP status; an answer without a body (to HEAD) has it as its code."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status is not None:
        return int(status)
    code = _error_code(error)
    return int(code) if code.isdecimal() else 0


def _named_reset_s(error: BaseException) -> float | None:
    if isinstance(error, ThrottledError):
        return error.retry_after_s
    if not isinstance(error, ClientError):
        return None
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return seconds
    milliseconds = _number(headers, "x-amz-retry-after")
    return None if milliseconds is None else milliseconds / 1000.0


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """A header's value where it is a number from 0 up (botocore gives the names in lower case)."""
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) and value >= 0 else None
