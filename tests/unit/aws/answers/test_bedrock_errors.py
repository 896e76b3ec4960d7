"""What Bedrock's answers mean: of this input, of this moment, or of the model."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from worker.aws.answers.bedrock_errors import translate_refusal
from worker.errors import BedrockError, ModelUnavailableError, ThrottledError, UnavailableError

pytestmark = pytest.mark.unit

MODEL = "amazon.titan-embed-image-v1"


def said(code: str, message: str = "", *, status: int = 400, headers: dict[str, str] | None = None) -> Any:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return translate_refusal(ClientError(cast("Any", answer), "InvokeModel"), model=MODEL)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("The provided model identifier is invalid.", "CIS_IMAGE_MODEL"),
        ("Invocation of model ID x with on-demand throughput isn\u2019t supported.", "CIS_BEDROCK_REGION"),
        ("The provided model doesn't support on-demand throughput.", "CIS_BEDROCK_REGION"),
        ("This action doesn't support the model that you provided.", "CIS_IMAGE_MODEL"),
        ("This model version has reached the end of its life.", "CIS_IMAGE_MODEL"),
        ("The model isn't supported in this Region.", "CIS_IMAGE_MODEL"),
        ("Your account is not authorized to invoke this API operation.", "bedrock:InvokeModel"),
        ("Operation not allowed", "bedrock:InvokeModel"),
        ("Access denied. This Model is marked by provider as Legacy.", "CIS_IMAGE_MODEL"),
        ("You don't have access to the model with the specified model ID.", "bedrock:InvokeModel"),
        ("Too many tokens per day, please wait before trying again.", "Service Quotas"),
    ],
)
def test_a_validation_exception_about_the_model_is_pending_with_advice(message: str, advice: str) -> None:
    error = said("ValidationException", message)
    assert type(error) is ModelUnavailableError
    assert advice in error.advice
    assert message.rstrip(".") in error.refusal
    assert str(error) == f"{error.refusal} {error.advice}"


@pytest.mark.parametrize(
    "message",
    [
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9875 ",
        "400 Bad Request: Image exceeds max pixels allowed. ",
        "Malformed input request: expected maxLength: 50000, actual: 52611, please reformat your input and "
        "try again.",
        "Malformed input request: #/inputText: expected minLength: 1, actual: 0, please reformat your input.",
        "The image is neither JPEG nor PNG.",
        "A text that no table knows.",
        "",
    ],
)
def test_any_other_validation_exception_may_be_about_the_input(message: str) -> None:
    error = said("ValidationException", message)
    assert type(error) is BedrockError
    assert not error.retry_allowed


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 403),
        ("403", 403),
        ("ResourceNotFoundException", 404),
        ("ModelNotReadyException", 429),
        ("ServiceQuotaExceededException", 400),
        ("FTUFormNotFilled", 404),
        ("MPAgreementBeingCreated", 403),
        ("UnrecognizedClientException", 403),
        ("ExpiredTokenException", 403),
        ("InvalidSignatureException", 403),
    ],
)
def test_a_code_about_the_model_or_the_account_is_pending_with_advice(code: str, status: int) -> None:
    error = said(code, "the reason", status=status)
    assert type(error) is ModelUnavailableError
    assert error.advice


@pytest.mark.parametrize(
    "error",
    [
        said("UnknownOperationException", status=404),
        said("413", status=413),
        said("", status=400),
        translate_refusal(ParamValidationError(report="x"), model=MODEL),
    ],
)
def test_an_unknown_refusal_may_be_about_the_input(error: BedrockError) -> None:
    assert type(error) is BedrockError
    assert not error.retry_allowed


@pytest.mark.parametrize(
    "message", ["Too many tokens per day, please wait.", "You have reached the daily quota of the model."]
)
def test_a_quota_of_a_day_is_no_throttle(message: str) -> None:
    assert type(said("ThrottlingException", message, status=429)) is ModelUnavailableError


def test_a_reset_that_is_far_away_is_no_throttle() -> None:
    far, near = ({"retry-after": seconds} for seconds in ("7200", "60"))
    assert type(said("ThrottlingException", status=429, headers=far)) is ModelUnavailableError
    throttled = said("ThrottlingException", status=429, headers=near)
    assert type(throttled) is ThrottledError
    assert throttled.retry_after_s == 60.0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ThrottlingException", "Too many requests, please wait before trying again."),
        ("ThrottlingException", "Too many tokens, please wait before trying again."),
        ("429", ""),
    ],
)
def test_a_quota_of_a_minute_is_a_throttle(code: str, message: str) -> None:
    assert type(said(code, message, status=429)) is ThrottledError


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="x"),
        ReadTimeoutError(endpoint_url="x"),
        EndpointConnectionError(endpoint_url="x"),
    ],
)
def test_no_answer_is_an_outage(error: BotoCoreError) -> None:
    assert type(translate_refusal(error, model=MODEL)) is UnavailableError


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ServiceUnavailableException", 503),
        ("InternalServerException", 500),
        ("ModelTimeoutException", 408),
        ("", 502),
    ],
)
def test_an_error_of_the_service_is_an_outage(code: str, status: int) -> None:
    assert type(said(code, status=status)) is UnavailableError


def test_a_failed_call_may_be_repeated() -> None:
    error = said("ModelErrorException", status=424)
    assert type(error) is BedrockError
    assert error.retry_allowed


def test_missing_credentials_are_pending() -> None:
    assert type(translate_refusal(NoCredentialsError(), model=MODEL)) is ModelUnavailableError
