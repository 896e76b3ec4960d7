"""Which of botocore's errors becomes which WorkerError."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    TokenRetrievalError,
)

from worker.aws.translation import misconfigured, translate, translate_errors
from worker.errors import (
    MisconfiguredError,
    ObjectGoneError,
    ServiceRefusedError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)

pytestmark = pytest.mark.unit


def refused(code: str, *, status: int = 400, headers: dict[str, str] | None = None) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "the reason."},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": headers or {},
                "RequestId": "r",
                "RetryAttempts": 0,
                "HostId": "h",
            },
        },
        "DoThings",
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDenied", 403, ServiceRefusedError),
        ("403", 403, ServiceRefusedError),
        ("AccessDeniedException", 400, ServiceRefusedError),
        ("ExpiredToken", 400, ServiceRefusedError),
        ("UnrecognizedClientException", 400, ServiceRefusedError),
        ("RequestTimeTooSkewed", 403, ServiceRefusedError),
        ("QueueDoesNotExist", 400, ServiceRefusedError),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, ServiceRefusedError),
        ("ResourceNotFoundException", 400, ServiceRefusedError),
        ("NoSuchBucket", 404, ServiceRefusedError),
        ("ThrottlingException", 400, ThrottledError),
        ("ProvisionedThroughputExceededException", 400, ThrottledError),
        ("SlowDown", 503, ThrottledError),
        ("RequestTimeout", 400, UnavailableError),
        ("OverLimit", 403, UnavailableError),
        ("InternalError", 500, UnavailableError),
        ("ServiceUnavailable", 503, UnavailableError),
        ("SomethingNew", 502, UnavailableError),
        ("SomethingNew", 403, ServiceRefusedError),
        ("SomethingNew", 401, ServiceRefusedError),
        ("KMS.DisabledException", 400, ServiceRefusedError),
        ("KMS.ThrottlingException", 400, ThrottledError),
        ("ValidationException", 400, TransientError),
        ("SomethingNew", 400, TransientError),
    ],
)
def test_an_error_code_becomes_the_error_that_says_what_to_do_next(
    code: str, status: int, expected: type[WorkerError]
) -> None:
    error = translate(refused(code, status=status), what="do things")
    assert type(error) is expected
    assert str(error).startswith(f"Could not do things: {code}: the reason.")


@pytest.mark.parametrize(
    ("raised", "expected", "advice"),
    [
        (NoRegionError(), MisconfiguredError, "AWS_REGION"),
        (NoCredentialsError(), MisconfiguredError, "AWS_ACCESS_KEY_ID"),
        (
            PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            MisconfiguredError,
            "role",
        ),
        (ProfileNotFound(profile="x"), MisconfiguredError, "AWS_PROFILE"),
        (TokenRetrievalError(provider="sso", error_msg="expired"), ServiceRefusedError, "renewed"),
        (EndpointConnectionError(endpoint_url="http://x"), UnavailableError, "http://x"),
        (ConnectTimeoutError(endpoint_url="http://x"), UnavailableError, "http://x"),
        (ReadTimeoutError(endpoint_url="http://x"), UnavailableError, "http://x"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), UnavailableError, "1"),
        (ParamValidationError(report="bad key"), TransientError, "bad key"),
    ],
)
def test_a_botocore_error_becomes_the_error_that_says_what_to_do_next(
    raised: BotoCoreError, expected: type[WorkerError], advice: str
) -> None:
    error = translate(raised, what="do things")
    assert type(error) is expected
    assert advice in str(error)


def test_the_callers_table_takes_precedence_over_the_general_one() -> None:
    table = {"AccessDenied": ObjectGoneError, "SlowDown": misconfigured("Fix it.")}
    assert isinstance(translate(refused("AccessDenied"), what="x", table=table), ObjectGoneError)
    error = translate(refused("SlowDown", status=503), what="x", table=table)
    assert isinstance(error, ServiceRefusedError)
    assert str(error) == "Could not x: SlowDown: the reason. Fix it."


def test_throttling_carries_the_retry_after_of_the_service() -> None:
    error = translate(refused("ThrottlingException", headers={"retry-after": "7"}), what="x")
    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == 7.0


def test_an_error_without_code_or_status_is_still_reported() -> None:
    error = translate(ClientError({}, "DoThings"), what="do things")
    assert type(error) is TransientError
    assert str(error) == "Could not do things: ."


def test_the_cause_is_kept() -> None:
    cause = refused("InternalError", status=500)
    with pytest.raises(UnavailableError) as caught, translate_errors("do things"):
        raise cause
    assert caught.value.__cause__ is cause


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(KeyError), translate_errors("do things"):
        raise KeyError("x")


def test_a_role_that_is_still_expired_once_it_was_renewed_is_a_refusal() -> None:
    stale = RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
    with pytest.raises(ServiceRefusedError, match="still expired"), translate_errors("do things"):
        raise stale
    with pytest.raises(RuntimeError, match="odd"), translate_errors("do things"):
        raise RuntimeError("odd")
