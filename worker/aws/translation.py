"""The one place where botocore's errors become ours, with the cause kept.

The caller's table (what a code means for *its* resource) wins over the general table of error
classification. No ClientError or BotoCoreError leaves worker/aws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from worker.errors import (
    MisconfiguredError,
    ServiceRefusedError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)
from worker.resilience.error_classification import (
    CREDENTIAL_CODES,
    MISSING_CODES,
    REFUSALS,
    ErrorClass,
    classify,
    error_code,
    reset_after_s,
)

MakeError: TypeAlias = Callable[[str], WorkerError]
ErrorTable: TypeAlias = Mapping[str, MakeError]


def misconfigured(advice: str) -> MakeError:
    """An entry of an error table for what only an operator can fix when it lasts; `advice` says how."""
    return lambda message: ServiceRefusedError(f"{message} {advice}")


_CREDENTIALS = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN where they are temporary), "
    "or give the instance a role; expired ones must be renewed."
)
_DENIED = "Check the policy of the role this worker runs as."
_REGION = "It is in another region: check AWS_REGION and the AWS_ENDPOINT_URL variables."
_STALE = "refreshed credentials are still expired"
_MISSING = "Check its name and AWS_REGION in the settings; `cis-worker init` makes what is missing."

# Advice only: which codes are misconfigurations is decided by the table of error classification, and a
# test compares the two.
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("401", "403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled"), _DENIED
        ),
        **dict.fromkeys(("AuthorizationHeaderMalformed", "PermanentRedirect"), _REGION),
        **dict.fromkeys(CREDENTIAL_CODES, _CREDENTIALS),
        **dict.fromkeys(MISSING_CODES, _MISSING),
        "RequestTimeTooSkewed": "The clock of this machine is wrong: start its time service.",
        "NoRegionError": "Set AWS_REGION (or AWS_DEFAULT_REGION), for example ap-northeast-1.",
        "ProfileNotFound": "Set AWS_PROFILE to a profile that exists, or leave it unset.",
        "InvalidConfigError": "Check the AWS_* variables and the AWS configuration file.",
    }
)
"""What an operator can do, by error code, or by the class of an error that botocore raises itself."""

_NO_TABLE: ErrorTable = MappingProxyType({})


@contextmanager
def translate_errors(what: str, table: ErrorTable = _NO_TABLE) -> Iterator[None]:
    """Translate botocore's errors raised inside; `what` completes "Could not ..."."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, what=what, table=table) from error
    except ResponseParserError as error:
        # Not of botocore's error tree: an answer that was cut short, or that a proxy gave.
        raise UnavailableError(f"Could not {what}: the answer cannot be read.") from error
    except RuntimeError as error:
        # botocore raises no error of its own when the metadata service still hands out the old role.
        if _STALE not in str(error):
            raise
        raise ServiceRefusedError(f"Could not {what}: {error} {_CREDENTIALS}") from error


def translate(error: ClientError | BotoCoreError, *, what: str, table: ErrorTable = _NO_TABLE) -> WorkerError:
    """The WorkerError for an error of botocore's.

    `table` maps error codes (for HEAD requests: the status) to what they mean for the caller's resource; it
    takes precedence over the general table.
    """
    message = describe(error, what=what)
    if isinstance(error, ClientError) and error_code(error) in table:
        return table[error_code(error)](message)
    match classify(error):
        case ErrorClass.THROTTLING:
            return ThrottledError(message, retry_after_s=reset_after_s(error))
        case ErrorClass.MISCONFIGURED:
            message = f"{message} {advise(error)}"
            # What botocore finds wrong on this machine before it sends anything stays wrong.
            is_refusal = isinstance(error, (ClientError, *REFUSALS))
            return ServiceRefusedError(message) if is_refusal else MisconfiguredError(message)
        case ErrorClass.UNAVAILABLE:
            return UnavailableError(message)
    return TransientError(message)


def describe(error: ClientError | BotoCoreError, *, what: str) -> str:
    """The message of an error, without advice; `what` completes "Could not ..."."""
    if isinstance(error, BotoCoreError):
        return f"Could not {what}: {str(error).rstrip('.')}."
    text = error.response.get("Error", {}).get("Message", "")
    return f"Could not {what}: {f'{error_code(error)}: {text}'.rstrip(' .:')}."


def advise(error: ClientError | BotoCoreError) -> str:
    """What an operator can do about a refusal."""
    if isinstance(error, ClientError):
        return ADVICE.get(error_code(error), _DENIED)
    names = (kind.__name__ for kind in type(error).__mro__)
    # What is not listed (tokens, SSO, partial credentials) is about credentials.
    return next((ADVICE[name] for name in names if name in ADVICE), _CREDENTIALS)
