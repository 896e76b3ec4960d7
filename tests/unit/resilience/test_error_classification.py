"""The table of error classification, and that everything that asks it gives the same answer."""

from __future__ import annotations

import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from worker.aws.storage_handler import StorageHandler
from worker.aws.translation import ADVICE, translate
from worker.errors import (
    BedrockError,
    LeaseLostError,
    MisconfiguredError,
    ObjectChangedError,
    ObjectGoneError,
    OCRError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)
from worker.index.opensearch.client import item_error
from worker.outcome import Ending, from_error, is_retryable
from worker.resilience.error_classification import (
    CODES,
    EXCEPTIONS,
    ErrorClass,
    classify,
    classify_response,
)
from worker.resilience.error_handler import ErrorHandler
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

# code of the service | is_throttling_error | should_retry, should_retry_error | translated | counted
ANSWERS = """
BandwidthLimitExceeded                   throttling  retry  ThrottledError      no
EC2ThrottledException                    throttling  retry  ThrottledError      no
LimitExceededException                   throttling  retry  ThrottledError      no
PriorRequestNotComplete                  throttling  retry  ThrottledError      no
ProvisionedThroughputExceededException   throttling  retry  ThrottledError      no
RequestLimitExceeded                     throttling  retry  ThrottledError      no
RequestThrottled                         throttling  retry  ThrottledError      no
RequestThrottledException                throttling  retry  ThrottledError      no
SlowDown                                 throttling  retry  ThrottledError      no
ThrottledException                       throttling  retry  ThrottledError      no
Throttling                               throttling  retry  ThrottledError      no
ThrottlingException                      throttling  retry  ThrottledError      no
TooManyRequests                          throttling  retry  ThrottledError      no
TooManyRequestsException                 throttling  retry  ThrottledError      no
TransactionInProgressException           throttling  retry  ThrottledError      no
InternalError                            -           retry  UnavailableError    no
InternalFailure                          -           retry  UnavailableError    no
InternalServerError                      -           retry  UnavailableError    no
InternalServerException                  -           retry  UnavailableError    no
ModelNotReadyException                   -           retry  UnavailableError    no
ModelTimeoutException                    -           retry  UnavailableError    no
OverLimit                                -           retry  UnavailableError    no
RequestTimeout                           -           retry  UnavailableError    no
RequestTimeoutException                  -           retry  UnavailableError    no
ServiceUnavailable                       -           retry  UnavailableError    no
ServiceUnavailableException              -           retry  UnavailableError    no
401                                      -           -      ServiceRefusedError no
403                                      -           -      ServiceRefusedError no
AccessDenied                             -           -      ServiceRefusedError no
AccessDeniedException                    -           -      ServiceRefusedError no
AllAccessDisabled                        -           -      ServiceRefusedError no
AuthorizationHeaderMalformed             -           -      ServiceRefusedError no
PermanentRedirect                        -           -      ServiceRefusedError no
RequestTimeTooSkewed                     -           -      ServiceRefusedError no
AuthFailure                              -           -      ServiceRefusedError no
ExpiredToken                             -           -      ServiceRefusedError no
ExpiredTokenException                    -           -      ServiceRefusedError no
IncompleteSignature                      -           -      ServiceRefusedError no
InvalidAccessKeyId                       -           -      ServiceRefusedError no
InvalidClientTokenId                     -           -      ServiceRefusedError no
InvalidSecurity                          -           -      ServiceRefusedError no
InvalidSignatureException                -           -      ServiceRefusedError no
InvalidToken                             -           -      ServiceRefusedError no
MissingAuthenticationToken               -           -      ServiceRefusedError no
MissingAuthenticationTokenException      -           -      ServiceRefusedError no
RequestExpired                           -           -      ServiceRefusedError no
SignatureDoesNotMatch                    -           -      ServiceRefusedError no
TokenRefreshRequired                     -           -      ServiceRefusedError no
UnrecognizedClientException              -           -      ServiceRefusedError no
AWS.SimpleQueueService.NonExistentQueue  -           -      ServiceRefusedError no
NoSuchBucket                             -           -      ServiceRefusedError no
QueueDoesNotExist                        -           -      ServiceRefusedError no
ResourceNotFoundException                -           -      ServiceRefusedError no
InvalidObjectState                       -           -      TransientError      yes
MethodNotAllowed                         -           -      TransientError      yes
NoSuchKey                                -           -      TransientError      yes
NoSuchVersion                            -           -      TransientError      yes
NotImplemented                           -           -      TransientError      yes
PreconditionFailed                       -           -      TransientError      yes
ValidationException                      -           -      TransientError      yes
""".strip()
ROWS = [tuple(line.split()) for line in ANSWERS.splitlines()]


def client_error(code: str, status: int = 0) -> ClientError:
    metadata = {"HTTPStatusCode": status} if status else {}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "DoThings")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(("code", "throttling", "retry", "translated", "counted"), ROWS)
def test_everything_that_asks_about_a_code_gives_the_answer_of_the_table(
    code: str, throttling: str, retry: str, translated: str, counted: str
) -> None:
    error = client_error(code)
    assert ErrorHandler.is_throttling_error(error) is (throttling == "throttling")
    assert RetryHandler().should_retry(error) is (retry == "retry")
    assert StorageHandler.should_retry_error(code) is (retry == "retry")
    ours = translate(error, what="do things")
    assert type(ours).__name__ == translated
    assert from_error(ours, failures=0, max_failures=3).counted is (counted == "yes")


def test_the_answers_are_given_for_every_code_of_the_table() -> None:
    assert [row[0] for row in ROWS] == list(CODES)


@pytest.mark.parametrize("code", [*CODES, "SomethingNew", "404", "500", "503"])
def test_a_translated_error_is_of_the_class_of_its_cause(code: str) -> None:
    cause = client_error(code)
    ours = translate(cause, what="do things")
    expected = classify(cause)
    # A refused call fails again; the attempt around it is repeated up to the limit of failures.
    assert classify(ours) is (ErrorClass.TRANSIENT if expected is ErrorClass.PERMANENT else expected)


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (200, ErrorClass.PERMANENT),
        (400, ErrorClass.PERMANENT),
        (401, ErrorClass.MISCONFIGURED),
        (403, ErrorClass.MISCONFIGURED),
        (404, ErrorClass.PERMANENT),
        (429, ErrorClass.THROTTLING),
        (500, ErrorClass.UNAVAILABLE),
        (501, ErrorClass.PERMANENT),
        (502, ErrorClass.UNAVAILABLE),
        (503, ErrorClass.UNAVAILABLE),
        (504, ErrorClass.UNAVAILABLE),
        (507, ErrorClass.UNAVAILABLE),
    ],
)
def test_a_code_in_no_table_is_classified_by_its_status(status: int, error_class: ErrorClass) -> None:
    assert classify_response("SomethingNew", status) is error_class
    assert classify_response(str(status)) is error_class
    assert classify(client_error("SomethingNew", status)) is error_class


def test_a_429_is_throttling_whatever_its_code() -> None:
    assert classify_response("ModelNotReadyException", 429) is ErrorClass.THROTTLING


def test_a_code_of_the_table_wins_over_another_status() -> None:
    assert classify_response("RequestTimeout", 400) is ErrorClass.UNAVAILABLE
    assert classify_response("AccessDenied", 503) is ErrorClass.MISCONFIGURED


def test_an_answer_without_code_and_status_is_permanent() -> None:
    assert classify(ClientError({}, "DoThings")) is ErrorClass.PERMANENT


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_opensearch_classifies_a_status_alike(status: int) -> None:
    error = item_error("index x", {"status": status, "error": {"type": "some_exception"}}, version=1)
    assert error is not None
    assert classify(error) is classify_response("", status)


@pytest.mark.parametrize(
    ("error", "error_class"),
    [
        (ThrottledError("x"), ErrorClass.THROTTLING),
        (UnavailableError("x"), ErrorClass.UNAVAILABLE),
        (MisconfiguredError("x"), ErrorClass.MISCONFIGURED),
        (ObjectChangedError("x"), ErrorClass.TRANSIENT),
        (TransientError("x"), ErrorClass.TRANSIENT),
        (OCRError("x"), ErrorClass.TRANSIENT),
        (BedrockError("x", retry_allowed=False), ErrorClass.PERMANENT),
        (ObjectGoneError("x"), ErrorClass.PERMANENT),
        (LeaseLostError("x"), ErrorClass.PERMANENT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_our_own_errors_are_classified_as_the_outcome_says(
    error: WorkerError, error_class: ErrorClass
) -> None:
    assert classify(error) is error_class
    assert error_class.is_retryable is is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError("x"),
        UnavailableError("x"),
        TransientError("x"),
        OCRError("x"),
        BedrockError("x", retry_allowed=False),
        MisconfiguredError("x"),
        LeaseLostError("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_call_and_an_attempt_are_repeated_for_the_same_errors(error: WorkerError) -> None:
    ending = from_error(error, failures=0, max_failures=3).ending
    assert RetryHandler().should_retry(error) is (ending is Ending.RETRY)


def test_every_misconfiguration_comes_with_advice() -> None:
    codes = {code for code, error_class in CODES.items() if error_class is ErrorClass.MISCONFIGURED}
    exceptions = {
        kind.__name__
        for kind, error_class in EXCEPTIONS
        if error_class is ErrorClass.MISCONFIGURED and issubclass(kind, botocore_errors.BotoCoreError)
    }
    assert codes <= set(ADVICE)
    assert set(ADVICE) <= codes | exceptions


def test_exceptions_stand_before_their_parents() -> None:
    kinds = [kind for kind, _ in EXCEPTIONS]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(later, kind) and later is not kind for later in kinds[place + 1 :])
