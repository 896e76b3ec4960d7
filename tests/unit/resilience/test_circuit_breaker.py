"""When the breaker opens, what it refuses, and how it closes again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.errors import Code, UnavailableError
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError, CircuitState

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(
        failure_threshold=3, timeout=60.0, expected_exception=ConnectionError, name="Bedrock", clock=clock
    )


def state_of(breaker: CircuitBreaker) -> CircuitState:
    """The state, through a function because mypy assumes that a property does not change."""
    return breaker.state


def fail() -> str:
    raise ConnectionError("refused")


def raise_unexpected() -> str:
    raise ValueError("our own mistake")


def answer() -> str:
    return "answer"


def fail_times(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            breaker.call(fail)


def test_it_begins_closed_and_passes_results_through(breaker: CircuitBreaker) -> None:
    assert state_of(breaker) is CircuitState.CLOSED
    assert breaker.call(answer) == "answer"


def test_it_opens_at_the_threshold_and_not_before(breaker: CircuitBreaker) -> None:
    fail_times(breaker, 2)
    assert state_of(breaker) is CircuitState.CLOSED
    fail_times(breaker, 1)
    assert state_of(breaker) is CircuitState.OPEN


def test_a_success_between_failures_resets_the_count(breaker: CircuitBreaker) -> None:
    fail_times(breaker, 2)
    breaker.call(answer)
    fail_times(breaker, 2)
    assert state_of(breaker) is CircuitState.CLOSED


def test_an_open_breaker_rejects_at_once_with_the_service_and_the_time(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail_times(breaker, 3)
    clock.now += 15
    with pytest.raises(CircuitOpenError, match=r"Circuit breaker is OPEN for Bedrock.*in 45\.0 s") as caught:
        breaker.call(lambda: pytest.fail("it was called"))
    assert caught.value.retry_after_s == 45.0
    assert caught.value.code is Code.CIRCUIT_OPEN
    assert isinstance(caught.value, UnavailableError)


def test_after_the_timeout_one_success_closes_it(breaker: CircuitBreaker, clock: Clock) -> None:
    fail_times(breaker, 3)
    clock.now += 60
    assert state_of(breaker) is CircuitState.HALF_OPEN
    assert breaker.call(answer) == "answer"
    assert state_of(breaker) is CircuitState.CLOSED
    fail_times(breaker, 2)
    assert state_of(breaker) is CircuitState.CLOSED


def test_a_failed_trial_opens_it_for_the_whole_timeout_again(breaker: CircuitBreaker, clock: Clock) -> None:
    fail_times(breaker, 3)
    clock.now += 60
    fail_times(breaker, 1)
    assert state_of(breaker) is CircuitState.OPEN
    clock.now += 59
    with pytest.raises(CircuitOpenError):
        breaker.call(answer)
    clock.now += 1
    assert breaker.call(answer) == "answer"


def test_each_trial_that_fails_lengthens_the_timeout_up_to_its_maximum(clock: Clock) -> None:
    breaker = CircuitBreaker(1, 20.0, ConnectionError, max_timeout=50.0, clock=clock)
    for _ in range(2):
        fail_times(breaker, 1)
        for timeout_s in (20.0, 40.0, 50.0):
            clock.now += timeout_s - 0.5
            assert state_of(breaker) is CircuitState.OPEN
            clock.now += 0.5
            assert state_of(breaker) is CircuitState.HALF_OPEN
            fail_times(breaker, 1)
        clock.now += 50.0
        assert breaker.call(answer) == "answer"


def test_calls_during_the_trial_are_rejected(breaker: CircuitBreaker, clock: Clock) -> None:
    fail_times(breaker, 3)
    clock.now += 60

    def trial() -> str:
        assert state_of(breaker) is CircuitState.HALF_OPEN
        with pytest.raises(CircuitOpenError, match="when the current trial call ends"):
            breaker.call(answer)
        return "trial"

    assert breaker.call(trial) == "trial"
    assert state_of(breaker) is CircuitState.CLOSED


def test_only_one_of_many_threads_makes_the_trial(breaker: CircuitBreaker, clock: Clock) -> None:
    fail_times(breaker, 3)
    clock.now += 60
    others_refused = threading.Event()
    start = threading.Barrier(8)
    refused = threading.Semaphore(0)

    def attempt() -> str:
        start.wait(10)
        try:
            return breaker.call(lambda: "trial" if others_refused.wait(10) else "late")
        except CircuitOpenError:
            refused.release()
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(attempt) for _ in range(8)]
        for _ in range(7):
            assert refused.acquire(timeout=10)
        others_refused.set()
    assert sorted(result.result() for result in results) == ["refused"] * 7 + ["trial"]


def test_an_unexpected_error_passes_without_counting(breaker: CircuitBreaker) -> None:
    fail_times(breaker, 2)
    with pytest.raises(ValueError, match="our own mistake"):
        breaker.call(raise_unexpected)
    assert state_of(breaker) is CircuitState.CLOSED
    fail_times(breaker, 1)
    assert state_of(breaker) is CircuitState.OPEN


@pytest.mark.parametrize("error", [ValueError("mistake"), KeyboardInterrupt()])
def test_an_unexpected_error_frees_the_trial(
    breaker: CircuitBreaker, clock: Clock, error: BaseException
) -> None:
    def fail_unexpectedly() -> str:
        raise error

    fail_times(breaker, 3)
    clock.now += 60
    with pytest.raises(type(error)):
        breaker.call(fail_unexpectedly)
    assert state_of(breaker) is CircuitState.HALF_OPEN
    assert breaker.call(answer) == "answer"


def test_a_slow_success_from_before_does_not_close_it(breaker: CircuitBreaker) -> None:
    def slow() -> str:
        fail_times(breaker, 3)
        return "late"

    assert breaker.call(slow) == "late"
    assert state_of(breaker) is CircuitState.OPEN


def test_a_slow_failure_from_before_does_not_count(breaker: CircuitBreaker, clock: Clock) -> None:
    def slow() -> str:
        fail_times(breaker, 3)
        clock.now += 60
        breaker.call(answer)
        fail_times(breaker, 2)
        raise ConnectionError("late")

    with pytest.raises(ConnectionError):
        breaker.call(slow)
    assert state_of(breaker) is CircuitState.CLOSED


def test_a_slow_unexpected_error_from_before_does_not_free_the_trial(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    def trial_with_slow_error() -> str:
        in_trial.set()
        assert slow_is_done.wait(10)
        with pytest.raises(CircuitOpenError):
            breaker.call(answer)
        return "trial"

    def slow() -> str:
        begun.set()
        assert in_trial.wait(10)
        raise ValueError("late")

    begun, in_trial, slow_is_done = threading.Event(), threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(breaker.call, slow)
        late.add_done_callback(lambda _: slow_is_done.set())
        assert begun.wait(10)
        fail_times(breaker, 3)
        clock.now += 60
        assert breaker.call(trial_with_slow_error) == "trial"
        assert isinstance(late.exception(10), ValueError)


def test_by_default_every_exception_counts_and_five_open_it() -> None:
    breaker = CircuitBreaker()
    for _ in range(5):
        with pytest.raises(ValueError, match="our own mistake"):
            breaker.call(raise_unexpected)
    assert state_of(breaker) is CircuitState.OPEN


def test_a_threshold_below_one_is_rejected() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        CircuitBreaker(failure_threshold=0)


def test_each_opening_is_reported(breaker: CircuitBreaker, clock: Clock) -> None:
    openings: list[float] = []
    breaker.on_open = lambda: openings.append(clock.now)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            breaker.call(fail)
    clock.now += 61
    with pytest.raises(ConnectionError):
        breaker.call(fail)
    assert openings == [1000.0, 1061.0]
