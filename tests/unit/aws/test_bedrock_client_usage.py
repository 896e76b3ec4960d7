"""What Bedrock charges is reported with each answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from worker.aws.bedrock_client import BedrockClient, CallPolicy, Usage
from worker.errors import BedrockError, UnavailableError
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("headers", "content", "tokens"),
    [
        ({"X-Amzn-Bedrock-Input-Token-Count": "7"}, {"inputTextTokenCount": 9}, 7),
        ({}, {"inputTextTokenCount": 9}, 9),
        ({}, {}, 0),
    ],
)
def test_what_an_answer_is_charged_for_is_reported_also_without_a_vector(
    connect: Callable[[str], Any],
    wire: Any,
    headers: dict[str, str],
    content: dict[str, int],
    tokens: int,
) -> None:
    used: list[Usage] = []
    client = BedrockClient(
        connect("bedrock-runtime"),
        text_model="amazon.titan-embed-text-v2:0",
        policy=CallPolicy(
            limiter=AdaptiveRateLimiter(100, 1, 100),
            breaker=CircuitBreaker(expected_exception=UnavailableError),
            retry=lambda _: RetryHandler(max_retries=0),
            on_usage=used.append,
        ),
    )
    wire.answer({**content, "embedding": None}, headers=headers)
    wire.answer({**content, "embedding": [0.5] * 1024}, headers=headers)
    with pytest.raises(BedrockError):
        client.embed_text("text")
    client.embed_image(b"picture")
    assert used == [
        Usage(model="amazon.titan-embed-text-v2:0", tokens=tokens, pictures=0),
        Usage(model="amazon.titan-embed-image-v1", tokens=tokens, pictures=1),
    ]
