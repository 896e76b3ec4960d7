"""A model that Bedrock refuses is not called for a while, and its documents are pending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.clock import Clock
from worker.aws.bedrock_client import BedrockClient, CallPolicy, model_pause
from worker.errors import BedrockError, ModelUnavailableError, ThrottledError, UnavailableError
from worker.outcome import is_retryable
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError
from worker.resilience.rate_limiter import AdaptiveRateLimiter, RateLimitedError
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

IMAGE = "amazon.titan-embed-image-v1"
TEXT = "amazon.titan-embed-text-v2:0"
DAILY = "Too many tokens per day, please wait before trying again."
NO_MODEL = "The provided model identifier is invalid."


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def policy(clock: Clock, waits: list[float]) -> CallPolicy:
    return CallPolicy(
        limiter=AdaptiveRateLimiter(10.0, 0.05, 100.0, clock=clock, wait=clock.wait),
        breaker=CircuitBreaker(5, 20.0, UnavailableError, clock=clock),
        retry=lambda most: RetryHandler(most, wait=waits.append, random=lambda: 0.0),
        pause=lambda model: model_pause(model, clock=clock),
    )


@pytest.fixture
def bedrock(connect: Callable[[str], Any], policy: CallPolicy) -> BedrockClient:
    return BedrockClient(connect("bedrock-runtime"), policy=policy, text_model=TEXT)


def answer(wire: Any) -> None:
    wire.answer({"embedding": [0.5] * 1024, "inputTextTokenCount": 3})


def refuse(wire: Any, code: str, status: int, message: str = "the reason") -> None:
    wire.answer({"message": message}, status=status, headers={"x-amzn-errortype": code})


REFUSALS = [
    ("ValidationException", 400, NO_MODEL),
    ("ThrottlingException", 429, DAILY),
    ("AccessDeniedException", 403, "the reason"),
    ("ResourceNotFoundException", 404, "the reason"),
    ("ModelNotReadyException", 429, "the reason"),
    ("ServiceQuotaExceededException", 400, "the reason"),
    ("ExpiredTokenException", 403, "the reason"),
]


@pytest.mark.parametrize(("code", "status", "message"), REFUSALS)
def test_a_refused_model_costs_one_call_and_no_wait(
    bedrock: BedrockClient, wire: Any, waits: list[float], code: str, status: int, message: str
) -> None:
    refuse(wire, code, status, message)
    with pytest.raises(ModelUnavailableError) as caught:
        bedrock.embed_image(b"jpeg")
    assert is_retryable(caught.value), "the vectors stay pending"
    for _ in range(50):
        with pytest.raises(CircuitOpenError):
            bedrock.embed_image(b"jpeg")
    assert (len(wire.requests), waits) == (1, [])


def test_one_call_tries_again_after_pauses_that_grow_to_a_quarter_of_an_hour(
    bedrock: BedrockClient, wire: Any, clock: Clock
) -> None:
    began, calls = clock.now, []
    for _ in range(3600):
        refuse(wire, "ThrottlingException", 429, DAILY)
        before = len(wire.requests)
        with pytest.raises(UnavailableError):
            bedrock.embed_image(b"jpeg")
        if len(wire.requests) > before:
            calls.append(clock.now - began)
        clock.now += 1.0
    assert calls == [0.0, 20.0, 60.0, 140.0, 300.0, 620.0, 1260.0, 2160.0, 3060.0]


def test_the_model_is_called_again_once_a_call_succeeded(
    bedrock: BedrockClient, wire: Any, clock: Clock
) -> None:
    refuse(wire, "AccessDeniedException", 403)
    with pytest.raises(ModelUnavailableError):
        bedrock.embed_image(b"jpeg")
    clock.now += 20.0
    for _ in range(3):
        answer(wire)
        assert len(bedrock.embed_image(b"jpeg")) == 1024


def test_a_refused_model_does_not_stop_the_other_one(bedrock: BedrockClient, wire: Any) -> None:
    refuse(wire, "AccessDeniedException", 403)
    with pytest.raises(ModelUnavailableError):
        bedrock.embed_image(b"jpeg")
    answer(wire)
    assert len(bedrock.embed_text("text")) == 1024


def test_a_quota_of_a_day_says_nothing_about_the_rate(
    bedrock: BedrockClient, wire: Any, policy: CallPolicy
) -> None:
    refuse(wire, "ThrottlingException", 429, DAILY)
    with pytest.raises(ModelUnavailableError, match="Service Quotas"):
        bedrock.embed_image(b"jpeg")
    assert (policy.limiter.throttle_count, policy.limiter.current_rate) == (0, 10.0)


def test_a_refused_input_pauses_nothing(bedrock: BedrockClient, wire: Any) -> None:
    for _ in range(3):
        refuse(wire, "ValidationException", 400, "400 Bad Request: Image exceeds max pixels allowed.")
        with pytest.raises(BedrockError) as caught:
            bedrock.embed_image(b"jpeg")
        assert not caught.value.retry_allowed
    answer(wire)
    assert len(bedrock.embed_image(b"jpeg")) == 1024
    assert len(wire.requests) == 4


def test_a_model_that_refuses_the_probe_is_paused(bedrock: BedrockClient, wire: Any) -> None:
    refuse(wire, "ValidationException", 400, "A text that no table knows.")
    with pytest.raises(ModelUnavailableError, match="A text that no table knows"):
        bedrock.probe(TEXT)
    with pytest.raises(CircuitOpenError):
        bedrock.embed_text("text")
    assert len(wire.requests) == 1


@pytest.mark.parametrize(("model", "field"), [(TEXT, "inputText"), (IMAGE, "inputImage")])
def test_a_probe_is_a_small_input_of_the_models_kind(
    bedrock: BedrockClient, wire: Any, model: str, field: str
) -> None:
    answer(wire)
    assert bedrock.probe(model) == 1024
    assert 0 < len(wire.sent()[field]) < 1000


def test_a_call_that_would_wait_long_for_its_turn_is_not_made(
    bedrock: BedrockClient, wire: Any, policy: CallPolicy, clock: Clock, waits: list[float]
) -> None:
    for _ in range(20):
        policy.limiter.on_throttle()
        clock.now += 1.0
    answer(wire)
    bedrock.embed_image(b"jpeg")
    throttles = policy.limiter.throttle_count
    began = clock.now
    with pytest.raises(RateLimitedError) as caught:
        bedrock.embed_image(b"jpeg")
    assert isinstance(caught.value, ThrottledError)
    assert (clock.now, waits, len(wire.requests)) == (began, [], 1)
    assert policy.limiter.throttle_count == throttles
