"""BedrockClient over the InvokeModel wire format of the Titan models."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from worker.aws.bedrock_client import BedrockClient, CallPolicy, cut_text
from worker.errors import BedrockError, MisconfiguredError, ThrottledError, UnavailableError, WorkerError
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError, CircuitState
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

IMAGE = "amazon.titan-embed-image-v1"
TEXT_V1 = "amazon.titan-embed-text-v1"
TEXT_V2 = "amazon.titan-embed-text-v2:0"
LIMIT_BYTES = 5 * 1024**2


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def policy(waits: list[float]) -> CallPolicy:
    return CallPolicy(
        limiter=AdaptiveRateLimiter(10.0, 1.0, 100.0, clock=lambda: 0.0, wait=lambda _: None),
        breaker=CircuitBreaker(2, 60.0, UnavailableError, clock=lambda: 0.0),
        retry=lambda most: RetryHandler(most, wait=waits.append, random=lambda: 0.0),
    )


@pytest.fixture
def make(connect: Callable[[str], Any], policy: CallPolicy) -> Callable[..., BedrockClient]:
    def build(**options: Any) -> BedrockClient:
        return BedrockClient(connect("bedrock-runtime"), policy=policy, **options)

    return build


@pytest.fixture
def bedrock(make: Callable[..., BedrockClient]) -> BedrockClient:
    return make(text_model=TEXT_V2)


def vector(dimension: int) -> list[float]:
    return [number / dimension for number in range(dimension)]


def answer(wire: Any, dimension: int = 1024) -> list[float]:
    wire.answer({"embedding": vector(dimension), "inputTextTokenCount": 3})
    return vector(dimension)


@pytest.mark.parametrize(("model", "dimension"), [(IMAGE, 1024), (TEXT_V1, 1536), (TEXT_V2, 1024)])
def test_each_model_has_its_dimension(bedrock: BedrockClient, model: str, dimension: int) -> None:
    assert bedrock.get_embedding_dimension(model) == dimension


def test_the_image_model_is_meant_when_none_is_named(bedrock: BedrockClient) -> None:
    assert bedrock.get_embedding_dimension() == 1024


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_model": "acme.embed"}, "acme.embed"),
        ({"text_model": "acme.embed"}, TEXT_V1),
        ({"image_model": TEXT_V1}, "does not embed pictures"),
        ({"text_model": IMAGE}, "does not embed text"),
    ],
)
def test_a_model_of_the_wrong_kind_is_a_misconfiguration(
    make: Callable[..., BedrockClient], options: dict[str, str], message: str
) -> None:
    with pytest.raises(MisconfiguredError, match=message):
        make(**options)


def test_a_picture_goes_out_in_base64_and_comes_back_as_a_vector(bedrock: BedrockClient, wire: Any) -> None:
    expected = answer(wire)
    assert bedrock.embed_image(b"jpeg") == tuple(expected)
    assert wire.sent() == {
        "inputImage": base64.b64encode(b"jpeg").decode(),
        "embeddingConfig": {"outputEmbeddingLength": 1024},
    }
    assert wire.requests[0].url.endswith("/model/amazon.titan-embed-image-v1/invoke")


def test_text_v2_is_asked_for_a_normalised_vector(bedrock: BedrockClient, wire: Any) -> None:
    expected = answer(wire)
    assert bedrock.embed_text("営業報告書") == tuple(expected)
    assert wire.sent() == {"inputText": "営業報告書", "dimensions": 1024, "normalize": True}


def test_text_v1_takes_the_text_only(make: Callable[..., BedrockClient], wire: Any) -> None:
    expected = answer(wire, 1536)
    assert make(text_model=TEXT_V1).embed_text("report") == tuple(expected)
    assert wire.sent() == {"inputText": "report"}


def test_a_picture_file_goes_to_the_image_model(bedrock: BedrockClient, wire: Any, tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"jpeg")
    expected = answer(wire)
    assert bedrock.get_embeddings(picture) == expected
    assert wire.sent()["inputImage"] == base64.b64encode(b"jpeg").decode()


def test_a_text_file_goes_to_the_text_model(bedrock: BedrockClient, wire: Any, tmp_path: Path) -> None:
    text = tmp_path / "a.TXT"
    text.write_text("本文", encoding="utf-8")
    expected = answer(wire)
    assert bedrock.get_embeddings(str(text)) == expected
    assert wire.sent()["inputText"] == "本文"


def test_a_missing_file_is_not_retried(bedrock: BedrockClient, tmp_path: Path) -> None:
    with pytest.raises(BedrockError, match=r"none\.jpg") as caught:
        bedrock.get_embeddings(tmp_path / "none.jpg")
    assert not caught.value.retry_allowed


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused_here(bedrock: BedrockClient, wire: Any, text: str) -> None:
    with pytest.raises(BedrockError, match="empty"):
        bedrock.embed_text(text)
    assert wire.requests == []


def test_a_disabled_kind_names_its_setting(make: Callable[..., BedrockClient]) -> None:
    off = make(image_model="", text_model="")
    with pytest.raises(BedrockError, match="CIS_TEXT_MODEL"):
        off.embed_text("text")
    with pytest.raises(BedrockError, match="CIS_IMAGE_MODEL"):
        off.embed_image(b"jpeg")


def test_a_picture_of_five_megabytes_is_sent_and_one_byte_more_is_not(
    bedrock: BedrockClient, wire: Any, tmp_path: Path
) -> None:
    answer(wire)
    bedrock.embed_image(bytes(LIMIT_BYTES))
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(LIMIT_BYTES + 1))
    with pytest.raises(BedrockError, match=r"large\.jpg: 5\.0 MB exceeds maximum size of 5 MB") as caught:
        bedrock.get_embeddings(large)
    assert not caught.value.retry_allowed
    with pytest.raises(BedrockError, match="exceeds maximum size"):
        bedrock.embed_image(bytes(LIMIT_BYTES + 1))
    assert len(wire.requests) == 1


def test_throttling_is_retried_and_reported_to_the_limiter(
    bedrock: BedrockClient, wire: Any, policy: CallPolicy, waits: list[float]
) -> None:
    for _ in range(2):
        wire.error("ThrottlingException", status=429)
    answer(wire)
    assert len(bedrock.embed_image(b"jpeg")) == 1024
    assert policy.limiter.throttle_count == 2
    assert policy.limiter.current_rate < 10.0
    assert waits == [1.0, 2.0]


def test_a_success_raises_the_limiters_rate(bedrock: BedrockClient, wire: Any, policy: CallPolicy) -> None:
    answer(wire)
    bedrock.embed_image(b"jpeg")
    assert policy.limiter.current_rate > 10.0


def test_throttling_is_retried_max_retries_times(
    bedrock: BedrockClient, wire: Any, policy: CallPolicy, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    for _ in range(5):
        wire.error("ThrottlingException", status=429)
    with pytest.raises(ThrottledError):
        bedrock.get_embeddings(tmp_path / "a.jpg", max_retries=2)
    assert len(wire.requests) == 3
    assert policy.breaker.state is CircuitState.CLOSED


def test_the_retry_after_of_the_service_is_respected(
    bedrock: BedrockClient, wire: Any, waits: list[float]
) -> None:
    wire.error("ThrottlingException", status=429, headers={"retry-after": "17"})
    answer(wire)
    bedrock.embed_image(b"jpeg")
    assert waits == [17.0]


def test_a_rejected_input_is_not_retried_and_does_not_open_the_breaker(
    bedrock: BedrockClient, wire: Any, policy: CallPolicy
) -> None:
    for number in range(1, 4):
        wire.error("ValidationException", status=400)
        with pytest.raises(BedrockError) as caught:
            bedrock.embed_image(b"jpeg")
        assert not caught.value.retry_allowed
        assert len(wire.requests) == number
    assert policy.breaker.state is CircuitState.CLOSED


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ServiceUnavailableException", 503, UnavailableError),
        ("InternalServerException", 500, UnavailableError),
        ("ModelErrorException", 424, BedrockError),
    ],
)
def test_an_error_code_becomes_the_error_that_says_what_to_do_next(
    bedrock: BedrockClient, wire: Any, tmp_path: Path, code: str, status: int, expected: type[WorkerError]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    wire.error(code, status=status)
    with pytest.raises(WorkerError) as caught:
        bedrock.get_embeddings(tmp_path / "a.jpg", max_retries=0)
    assert type(caught.value) is expected
    assert len(wire.requests) == 1


def test_an_outage_opens_the_breaker_and_no_further_call_is_made(
    bedrock: BedrockClient, wire: Any, policy: CallPolicy
) -> None:
    wire.breaks(ConnectTimeoutError(endpoint_url="http://x"))
    wire.error("ServiceUnavailableException", status=503)
    with pytest.raises(CircuitOpenError):
        bedrock.embed_image(b"jpeg")
    assert policy.breaker.state is CircuitState.OPEN
    with pytest.raises(CircuitOpenError, match="Circuit breaker is OPEN"):
        bedrock.embed_image(b"jpeg")
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message": "no embedding today"}', "no embedding today"),
        (b'{"embedding": null}', "without an embedding"),
        (b'{"embedding": "abc"}', "without an embedding"),
        (b'["embedding"]', "without an embedding"),
        (b"<html>", "without an embedding"),
        (b'{"embedding": [1' + b"0" * 400 + b"]}", "without an embedding"),
        (b'{"embedding": [0.5, 0.5]}', "2 numbers instead of 1024"),
        (json.dumps({"embedding": [float("nan"), *[0.0] * 1023]}).encode(), "not finite"),
        (json.dumps({"embedding": [float("inf"), *[0.0] * 1023]}).encode(), "not finite"),
    ],
)
def test_a_response_without_a_vector_may_be_retried(
    bedrock: BedrockClient, wire: Any, tmp_path: Path, body: bytes, message: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    wire.answer(body)
    with pytest.raises(BedrockError, match=message) as caught:
        bedrock.get_embeddings(tmp_path / "a.jpg", max_retries=0)
    assert caught.value.retry_allowed


def test_a_response_without_a_vector_is_retried(bedrock: BedrockClient, wire: Any) -> None:
    wire.answer({"message": "try again"})
    expected = answer(wire)
    assert bedrock.embed_text("text") == tuple(expected)


@pytest.mark.parametrize(
    ("text", "kept_chars"),
    [
        ("short", 5),
        ("漢" * 8_192, 8_192),
        ("漢" * 8_193, 8_192),
        ("word " * 10_000, 3 * 8_192),
        ("1" * 9_000, 8_192),
        ("abc" * 4_096 + "漢" * 9_000, 3 * 4_096 + 4_096),
    ],
)
def test_a_text_is_truncated_where_the_models_limit_may_be_reached(text: str, kept_chars: int) -> None:
    assert cut_text(text) == text[:kept_chars]


def test_the_text_sent_is_truncated(bedrock: BedrockClient, wire: Any) -> None:
    answer(wire)
    bedrock.embed_text("漢" * 20_000)
    assert len(wire.sent()["inputText"]) == 8_192
