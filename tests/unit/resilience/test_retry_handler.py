"""Which errors are retried, how often, and after which delays."""

from __future__ import annotations

import pytest
import requests
from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from worker.errors import (
    BedrockError,
    LeaseLostError,
    MisconfiguredError,
    ModelUnavailableError,
    ProcessingError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnavailableError,
)
from worker.resilience.circuit_breaker import CircuitOpenError
from worker.resilience.rate_limiter import RateLimitedError
from worker.resilience.retry_handler import LONGEST_RESET_S, RetryHandler

pytestmark = pytest.mark.unit


class Service:
    """Fails with the given errors, one a call, then answers."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


class Waits:
    """Remembers the seconds waited; answers true (stop) at the n-th wait."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self.seconds: list[float] = []
        self.stop_at = stop_at

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self.stop_at


def no_jitter() -> float:
    return 0.0


def client_error(code: str, status: int = 400, **headers: str) -> ClientError:
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {k.replace("_", "-"): v for k, v in headers.items()}}
    answer = {"Error": {"Code": code}, "ResponseMetadata": metadata}
    return ClientError(answer, "GetObject")  # type: ignore[arg-type]


def test_a_first_success_waits_for_nothing() -> None:
    waits = Waits()
    assert RetryHandler(wait=waits).call(Service()) == "answer"
    assert waits.seconds == []


def test_there_is_a_first_try_and_max_retries_more() -> None:
    errors = [ConnectionError(str(number)) for number in range(9)]
    service = Service(*errors)
    with pytest.raises(ConnectionError) as caught:
        RetryHandler(max_retries=3, wait=Waits()).call(service)
    assert service.calls == 4
    assert caught.value is errors[3]


def test_the_last_try_may_succeed() -> None:
    service = Service(ConnectionError(), TimeoutError(), ConnectionError())
    assert RetryHandler(max_retries=3, wait=Waits()).call(service) == "answer"


def test_no_retries_means_one_try() -> None:
    service, waits = Service(ConnectionError()), Waits()
    with pytest.raises(ConnectionError):
        RetryHandler(max_retries=0, wait=waits).call(service)
    assert (service.calls, waits.seconds) == (1, [])


def test_delays_grow_up_to_the_longest() -> None:
    waits = Waits()
    handler = RetryHandler(
        max_retries=6, initial_delay=1.0, max_delay=10.0, backoff_factor=2.0, wait=waits, random=no_jitter
    )
    handler.call(Service(*[ConnectionError()] * 6))
    assert waits.seconds == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_jitter_adds_up_to_half_but_nothing_above_the_longest() -> None:
    waits = Waits()
    handler = RetryHandler(max_retries=5, max_delay=10.0, wait=waits, random=lambda: 1.0)
    handler.call(Service(*[ConnectionError()] * 5))
    assert waits.seconds == [1.5, 3.0, 6.0, 10.0, 10.0]


def test_a_stop_ends_the_retries_with_the_last_error() -> None:
    errors = [ConnectionError("first"), ConnectionError("second"), ConnectionError("third")]
    service = Service(*errors)
    with pytest.raises(ConnectionError) as caught:
        RetryHandler(max_retries=5, wait=Waits(stop_at=2)).call(service)
    assert caught.value is errors[1]
    assert service.calls == 2


def test_a_missing_object_is_not_retried() -> None:
    service, waits = Service(client_error("NoSuchKey", 404)), Waits()
    with pytest.raises(ClientError):
        RetryHandler(wait=waits).call(service)
    assert (service.calls, waits.seconds) == (1, [])


def test_an_interrupt_from_the_keyboard_is_not_retried() -> None:
    service = Service(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        RetryHandler(wait=Waits()).call(service)
    assert service.calls == 1


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError("later", retry_after_s=50.0),
        client_error("ThrottlingException", 429, retry_after="50"),
        client_error("ThrottlingException", 429, x_amz_retry_after="50000"),
    ],
)
def test_a_named_reset_is_waited_for_even_above_the_longest_delay(error: Exception) -> None:
    waits = Waits()
    RetryHandler(max_delay=30.0, wait=waits).call(Service(error))
    assert waits.seconds == [50.0]


def test_a_named_reset_never_makes_a_delay_shorter() -> None:
    waits = Waits()
    errors = [ThrottledError("later", retry_after_s=1.5)] * 3
    RetryHandler(wait=waits, random=no_jitter).call(Service(*errors))
    assert waits.seconds == [1.5, 2.0, 4.0]


def test_a_reset_too_late_ends_the_retries() -> None:
    service, waits = Service(ThrottledError("tomorrow", retry_after_s=LONGEST_RESET_S + 1)), Waits()
    with pytest.raises(ThrottledError):
        RetryHandler(wait=waits).call(service)
    assert (service.calls, waits.seconds) == (1, [])


def test_without_a_wait_given_it_really_waits() -> None:
    assert RetryHandler(initial_delay=0.001).call(Service(ConnectionError())) == "answer"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError(),
        ConnectionResetError(),
        BrokenPipeError(),
        TimeoutError(),
        requests.ConnectionError(),
        requests.ReadTimeout(),
        requests.exceptions.ChunkedEncodingError(),
        botocore_errors.EndpointConnectionError(endpoint_url="http://here"),
        botocore_errors.ConnectTimeoutError(endpoint_url="http://here"),
        botocore_errors.ReadTimeoutError(endpoint_url="http://here"),
        botocore_errors.ConnectionClosedError(endpoint_url="http://here"),
        botocore_errors.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        client_error("ThrottlingException"),
        client_error("SlowDown", 503),
        client_error("RequestTimeout"),
        client_error("ServiceUnavailable", 503),
        client_error("InternalError", 500),
        client_error("Unheard", 504),
        ThrottledError("later"),
        UnavailableError("no answer"),
        TransientError("once more"),
        ProcessingError("stage", stage="embed"),
        BedrockError("failed", retry_allowed=True),
    ],
    ids=repr,
)
def test_errors_that_may_pass_are_retried(error: Exception) -> None:
    assert RetryHandler().should_retry(error)


@pytest.mark.parametrize(
    "error",
    [
        client_error("NoSuchKey", 404),
        client_error("NoSuchBucket", 404),
        client_error("ValidationException"),
        client_error("AccessDeniedException", 403),
        ValueError("wrong"),
        KeyError("missing"),
        FileNotFoundError("missing"),
        requests.exceptions.InvalidURL(),
        botocore_errors.NoCredentialsError(),
        ProcessingError("stage", stage="embed", retry_allowed=False),
        BedrockError("too large", retry_allowed=False),
        CircuitOpenError("Bedrock", retry_after_s=1.0),
        ModelUnavailableError("no access", advice="Enable it."),
        RateLimitedError("its turn comes late", retry_after_s=20.0),
        RejectedError("never"),
        LeaseLostError("not ours"),
        MisconfiguredError("no bucket"),
    ],
    ids=repr,
)
def test_errors_that_cannot_pass_are_not_retried(error: Exception) -> None:
    assert not RetryHandler().should_retry(error)


def test_each_failure_and_each_further_try_is_reported() -> None:
    handler = RetryHandler(max_retries=2, wait=lambda _: False)
    failures: list[BaseException] = []
    retries: list[int] = []
    handler.on_failure, handler.on_retry = failures.append, lambda: retries.append(1)

    def fail() -> None:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError):
        handler.call(fail)
    assert (len(failures), len(retries)) == (3, 2)


def test_a_decorated_function_keeps_its_name_arguments_and_result() -> None:
    calls: list[int] = []

    @RetryHandler(max_retries=2, wait=lambda _: False)
    def add(left: int, *, right: int) -> int:
        """The sum."""
        calls.append(left)
        if len(calls) == 1:
            raise ConnectionError("refused")
        return left + right

    assert (add.__name__, add.__doc__) == ("add", "The sum.")
    assert add(1, right=2) == 3
    assert calls == [1, 1]


def test_a_decorated_function_raises_its_last_error() -> None:
    handler = RetryHandler(max_retries=3, wait=lambda _: False)
    calls: list[str] = []

    @handler
    def read(key: str) -> None:
        calls.append(key)
        raise ValueError(key)

    with pytest.raises(ValueError, match="pdf"):
        read("a.pdf")
    assert calls == ["a.pdf"]


@pytest.mark.parametrize(("within_s", "tries"), [(60.0, 4), (0.5, 1)])
def test_no_try_begins_after_the_time_that_somebody_waits(within_s: float, tries: int) -> None:
    waits: list[float] = []
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise ConnectionError("no")

    handler = RetryHandler(max_retries=3, initial_delay=1.0, wait=waits.append)
    with pytest.raises(ConnectionError):
        handler.call(fail, within_s=within_s)
    assert (len(calls), len(waits)) == (tries, tries - 1)
