"""Translation of botocore's errors into the worker's, so that no ClientError leaves worker/aws.

The first that matches decides: the caller's table (what a code means for *its* resource), throttling, the
general table below, status 5xx; anything else is a failure that may be retried. The cause is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TypeAlias

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

from worker.errors import (
    MisconfiguredError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)
from worker.resilience.error_handler import ErrorHandler, reset_after_s

MakeError: TypeAlias = Callable[[str], WorkerError]
ErrorTable: TypeAlias = Mapping[str, MakeError]


def misconfigured(advice: str) -> MakeError:
    """An entry of an error table for what only an operator can fix; `advice` says how."""
    return lambda message: MisconfiguredError(f"{message} {advice}")


_CREDENTIALS = misconfigured(
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN where they are temporary), "
    "or give the instance a role; expired ones must be renewed."
)
_REGION = misconfigured("Set AWS_REGION (or AWS_DEFAULT_REGION), for example ap-northeast-1.")
_DENIED = misconfigured("Check the policy of the role this worker runs as.")
_MISSING = misconfigured("Check the name in the settings; `cis-worker init` makes what is missing.")
_CLOCK = misconfigured("The clock of this machine is wrong: start its time service.")

_GENERAL: ErrorTable = {
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "403"), _DENIED),
    **dict.fromkeys(
        (
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        _CREDENTIALS,
    ),
    **dict.fromkeys(
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "NoSuchBucket",
            "QueueDoesNotExist",
            "ResourceNotFoundException",
        ),
        _MISSING,
    ),
    **dict.fromkeys(("OverLimit", "RequestTimeout", "RequestTimeoutException"), UnavailableError),
    "RequestTimeTooSkewed": _CLOCK,
}

_BOTOCORE: tuple[tuple[type[BotoCoreError], MakeError], ...] = (
    (NoRegionError, _REGION),
    (NoCredentialsError, _CREDENTIALS),
    (PartialCredentialsError, _CREDENTIALS),
    (TokenRetrievalError, _CREDENTIALS),
    (SSOError, _CREDENTIALS),
    (ProfileNotFound, misconfigured("Set AWS_PROFILE to a profile that exists, or leave it unset.")),
    (InvalidConfigError, misconfigured("Check the AWS_* variables and the AWS configuration file.")),
    (ParamValidationError, TransientError),
    (BotoCoreError, UnavailableError),
)

_NO_TABLE: ErrorTable = MappingProxyType({})


@contextmanager
def translate_errors(what: str, table: ErrorTable = _NO_TABLE) -> Iterator[None]:
    """Translate botocore's errors raised inside; `what` completes "Could not ..."."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, what=what, table=table) from error


def translate(error: ClientError | BotoCoreError, *, what: str, table: ErrorTable = _NO_TABLE) -> WorkerError:
    """The WorkerError for an error of botocore's.

    `table` maps error codes (for HEAD requests: the status) to what they mean for the caller's resource; it
    takes precedence over the general table.
    """
    message = f"Could not {what}: {_detail(error)}."
    if isinstance(error, BotoCoreError):
        return next(make(message) for kind, make in _BOTOCORE if isinstance(error, kind))
    code = error_code(error)
    if code in table:
        return table[code](message)
    if ErrorHandler.is_throttling_error(error):
        return ThrottledError(message, retry_after_s=reset_after_s(error))
    if code in _GENERAL:
        return _GENERAL[code](message)
    if _status(error) >= 500:
        return UnavailableError(message)
    return TransientError(message)


def error_code(error: ClientError) -> str:
    """The service's code of an error, empty when there is none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _detail(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, BotoCoreError):
        return str(error).rstrip(".")
    text = error.response.get("Error", {}).get("Message", "")
    return f"{error_code(error)}: {text}".rstrip(" .:")


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
