"""The one table that says what an error means: its class, and so whether a call may be tried again.

`RetryHandler.should_retry`, `ErrorHandler.is_throttling_error`, `StorageHandler.should_retry_error` and
`aws.translation` ask it; for our own errors it asks `outcome.is_retryable`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import requests
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from worker.errors import MisconfiguredError, ThrottledError, UnavailableError, WorkerError
from worker.outcome import is_retryable


class ErrorClass(StrEnum):
    """What an error says about the next try."""

    THROTTLING = "throttling"
    """The service asks for fewer calls: try again, more slowly."""
    UNAVAILABLE = "unavailable"
    """The service cannot be reached or cannot work now: try again later."""
    TRANSIENT = "transient"
    """The work itself failed; it may succeed when repeated."""
    PERMANENT = "permanent"
    """The same call fails again. An error that is in no table is of this class, too."""
    MISCONFIGURED = "misconfigured"
    """Only an operator can help."""

    @property
    def is_retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self in (ErrorClass.THROTTLING, ErrorClass.UNAVAILABLE, ErrorClass.TRANSIENT)


_THROTTLING = (
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
)
_UNAVAILABLE = (
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "ModelNotReadyException",
    "ModelTimeoutException",
    "OverLimit",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
)
_CREDENTIALS = (
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
)
_MISSING = (
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
)
_MISCONFIGURED = (
    "401",
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "RequestTimeTooSkewed",
    *_CREDENTIALS,
    *_MISSING,
)
_PERMANENT = (
    "InvalidObjectState",
    "MethodNotAllowed",
    "NoSuchKey",
    "NoSuchVersion",
    "NotImplemented",
    "PreconditionFailed",
    "ValidationException",
)

# The retryable codes follow botocore's standard retry mode (botocore/retries/standard.py), so that a call
# repeated by us and a call repeated by botocore are classified alike.
CODES: Final[Mapping[str, ErrorClass]] = MappingProxyType(
    {
        **dict.fromkeys(_THROTTLING, ErrorClass.THROTTLING),
        **dict.fromkeys(_UNAVAILABLE, ErrorClass.UNAVAILABLE),
        **dict.fromkeys(_MISCONFIGURED, ErrorClass.MISCONFIGURED),
        **dict.fromkeys(_PERMANENT, ErrorClass.PERMANENT),
    }
)
"""By a service's error code; a HEAD request has its HTTP status for a code."""

CREDENTIAL_CODES: Final = frozenset(_CREDENTIALS)
"""What a service answers to credentials that are wrong or no longer valid."""

MISSING_CODES: Final = frozenset(_MISSING)
"""What a service answers when the queue, table or bucket does not exist."""

_KMS = "KMS."
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_TOO_MANY_REQUESTS = 429
_NOT_IMPLEMENTED = 501

REFUSALS: Final[tuple[type[Exception], ...]] = (TokenRetrievalError, SSOError)
"""Errors of botocore's own that mean what a refusal by a service means."""

EXCEPTIONS: Final[tuple[tuple[type[Exception], ErrorClass], ...]] = (
    (ThrottledError, ErrorClass.THROTTLING),
    (UnavailableError, ErrorClass.UNAVAILABLE),
    (MisconfiguredError, ErrorClass.MISCONFIGURED),
    (NoRegionError, ErrorClass.MISCONFIGURED),
    (NoCredentialsError, ErrorClass.MISCONFIGURED),
    (PartialCredentialsError, ErrorClass.MISCONFIGURED),
    (ProfileNotFound, ErrorClass.MISCONFIGURED),
    *((kind, ErrorClass.MISCONFIGURED) for kind in REFUSALS),
    (InvalidConfigError, ErrorClass.MISCONFIGURED),
    (ParamValidationError, ErrorClass.PERMANENT),
    (BotoCoreError, ErrorClass.UNAVAILABLE),
    (ConnectionError, ErrorClass.UNAVAILABLE),
    (TimeoutError, ErrorClass.UNAVAILABLE),
    (requests.ConnectionError, ErrorClass.UNAVAILABLE),
    (requests.Timeout, ErrorClass.UNAVAILABLE),
    (requests.exceptions.ChunkedEncodingError, ErrorClass.UNAVAILABLE),
)
"""By exception class, the most specific first."""


def classify(error: BaseException) -> ErrorClass:
    """The class of an error itself, without regard to its causes."""
    if isinstance(error, ClientError):
        return classify_response(error_code(error), http_status(error))
    for kind, error_class in EXCEPTIONS:
        if isinstance(error, kind):
            return error_class
    if isinstance(error, WorkerError) and is_retryable(error):
        return ErrorClass.TRANSIENT
    return ErrorClass.PERMANENT


def classify_response(code: str, status: int = 0) -> ErrorClass:
    """The class of a service's answer, by its error code and its HTTP status (0: not known)."""
    status = status or (int(code) if code.isdecimal() else 0)
    # A 429 is throttling whatever its code says: Bedrock sends ModelNotReadyException with it.
    if status == _TOO_MANY_REQUESTS:
        return ErrorClass.THROTTLING
    if code in CODES:
        return CODES[code]
    # S3 and SQS pass the answers of KMS on under its own codes, most of them with status 400.
    if code.startswith(_KMS):
        return ErrorClass.THROTTLING if "Throttling" in code else ErrorClass.MISCONFIGURED
    # Proxies, endpoint policies and closed accounts have codes of their own, or none.
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return ErrorClass.MISCONFIGURED
    if status >= 500 and status != _NOT_IMPLEMENTED:
        return ErrorClass.UNAVAILABLE
    return ErrorClass.PERMANENT


def error_code(error: ClientError) -> str:
    """The service's code of an error, empty when it gave none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def http_status(error: ClientError) -> int:
    """The HTTP status of the answer, 0 when it is not known."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, the cause of that, and so on; each once."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__


def reset_after_s(error: BaseException) -> float | None:
    """Seconds until the quota's reset, where the error or one of its causes names it.

    Read from `ThrottledError.retry_after_s` and from the headers `retry-after` (seconds) and
    `x-amz-retry-after` (milliseconds).
    """
    resets = (_reset_of(link) for link in causes(error))
    return next((seconds for seconds in resets if seconds is not None), None)


def _reset_of(error: BaseException) -> float | None:
    if isinstance(error, ThrottledError):
        return error.retry_after_s
    if not isinstance(error, ClientError):
        return None
    # botocore gives the names of headers in lower case.
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return seconds
    milliseconds = _number(headers, "x-amz-retry-after")
    return None if milliseconds is None else milliseconds / 1000.0


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """A header's value where it is a finite number from 0 up.

    `retry-after` may be a date: that is not used, it would compare the wall clocks of two machines.
    """
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) and value >= 0 else None
