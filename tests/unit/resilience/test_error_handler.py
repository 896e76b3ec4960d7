"""Whether an error is throttling, whether it is retryable, and until when."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from worker.errors import BedrockError, ThrottledError, UnavailableError
from worker.resilience.error_classification import classify, reset_after_s
from worker.resilience.error_handler import ErrorHandler

pytestmark = pytest.mark.unit


def client_error(
    code: str, *, status: int | None = None, headers: dict[str, str] | None = None
) -> ClientError:
    metadata: dict[str, object] = {"HTTPHeaders": headers or {}}
    if status is not None:
        metadata["HTTPStatusCode"] = status
    answer = {"Error": {"Code": code, "Message": "message of the service"}, "ResponseMetadata": metadata}
    return ClientError(answer, "InvokeModel")  # type: ignore[arg-type]


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
    ],
)
def test_throttling_codes_are_throttling(code: str) -> None:
    assert ErrorHandler.is_throttling_error(client_error(code))
    assert ErrorHandler().is_throttling_error(client_error(code))


@pytest.mark.parametrize(
    ("error", "throttled"),
    [
        (client_error("Unheard", status=429), True),
        (client_error("429"), True),
        (ThrottledError("later"), True),
        (client_error("ServiceUnavailable", status=503), False),
        (client_error("NoSuchKey", status=404), False),
        (client_error(""), False),
        (ValueError("ThrottlingException"), False),
        (UnavailableError("no answer"), False),
    ],
)
def test_no_other_error_is_throttling(error: Exception, throttled: bool) -> None:
    assert ErrorHandler.is_throttling_error(error) is throttled


def test_throttling_is_detected_in_the_causes_of_an_error() -> None:
    inner = caused_by(UnavailableError("no answer"), client_error("ThrottlingException"))
    assert ErrorHandler.is_throttling_error(caused_by(BedrockError("no vector"), inner))


def test_a_cycle_of_causes_ends_the_search() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert not ErrorHandler.is_throttling_error(one)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (client_error("SlowDown", status=503), True),
        (client_error("RequestTimeout", status=400), True),
        (client_error("ServiceUnavailable"), True),
        (client_error("InternalError", status=500), True),
        (client_error("Unheard", status=502), True),
        (client_error("503"), True),
        (client_error("NoSuchKey", status=404), False),
        (client_error("404"), False),
        (client_error("ValidationException", status=400), False),
        (client_error("AccessDenied", status=403), False),
        (client_error("NotImplemented", status=501), False),
    ],
)
def test_a_client_error_is_retryable_by_its_code_or_status(error: ClientError, retryable: bool) -> None:
    assert classify(error).is_retryable is retryable


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ThrottledError("later", retry_after_s=12.5), 12.5),
        (ThrottledError("later", retry_after_s=0.0), 0.0),
        (ThrottledError("later"), None),
        (client_error("ThrottlingException", headers={"retry-after": "30"}), 30.0),
        (client_error("ThrottlingException", headers={"x-amz-retry-after": "1500"}), 1.5),
        (client_error("ThrottlingException", headers={"retry-after": "x", "x-amz-retry-after": "500"}), 0.5),
        (client_error("ThrottlingException", headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
        (client_error("ThrottlingException", headers={"retry-after": "-1"}), None),
        (client_error("ThrottlingException", headers={"retry-after": "inf"}), None),
        (client_error("ThrottlingException", headers={"retry-after": "nan"}), None),
        (ClientError({}, "InvokeModel"), None),
        (ValueError("5"), None),
    ],
)
def test_the_reset_is_read_where_the_answer_names_it(error: Exception, seconds: float | None) -> None:
    assert reset_after_s(error) == seconds


def test_the_reset_is_found_in_a_cause() -> None:
    cause = client_error("ThrottlingException", headers={"retry-after": "7"})
    assert reset_after_s(caused_by(ThrottledError("later"), cause)) == 7.0
