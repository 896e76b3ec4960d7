"""The services a worker can do without for a while, as the settings name them: search index and Bedrock.

Each has one breaker and one owner of retries, shared by all that call it. A service that is away for
longer leaves documents pending, and the replayer asks again as soon as the breaker lets it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from worker.aws.bedrock_client import BedrockClient, CallPolicy, embedding_dimension
from worker.aws.clients import Clients, make_clients, signing_credentials
from worker.config import Settings, require
from worker.errors import UnavailableError
from worker.index.opensearch.client import connect_from_settings
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.index.search_index import SearchIndex
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitState
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler
from worker.runtime.metrics import Metrics

_TRIED_AGAIN_S = 20.0


def open_index(
    settings: Settings, *, wait: Callable[[float], object] | None = None, metrics: Metrics | None = None
) -> SearchIndex:
    """The search index the settings name; retries wait with `wait`, the breaker shows in `metrics`.

    Raises MisconfiguredError when a setting is missing. OpenSearch is not asked yet.
    """
    if settings.index == "opensearch":
        return open_index_manager(settings, wait=wait, metrics=metrics)
    require(settings, "sqlite_path")
    return SqliteIndex(settings.sqlite_path or Path())


def open_index_manager(
    settings: Settings, *, wait: Callable[[float], object] | None = None, metrics: Metrics | None = None
) -> IndexManager:
    """The index in OpenSearch. Raises MisconfiguredError when a setting is missing."""
    client = connect_from_settings(settings, lambda: signing_credentials(region=settings.aws_region))
    breaker = CircuitBreaker(
        failure_threshold=5, timeout=_TRIED_AGAIN_S, expected_exception=UnavailableError, name="opensearch"
    )
    if metrics is not None:
        _show(metrics, breaker)
    return IndexManager(
        client,
        policy=IndexPolicy(
            breaker=breaker,
            # Few and quick: what is not written in a moment is marked pending, and OCR goes on.
            retry=RetryHandler(max_retries=2, initial_delay=0.5, max_delay=5.0, wait=wait),
        ),
        prefix=settings.index_prefix,
        shards=settings.index_shards,
        text_dimension=embedding_dimension(settings.text_model) if settings.text_model else None,
    )


def open_bedrock(
    settings: Settings,
    clients: Clients,
    *,
    wait: Callable[[float], object] | None = None,
    metrics: Metrics | None = None,
) -> BedrockClient:
    """The embedding service; retries and pacing wait with `wait`, the breaker shows in `metrics`."""
    breaker = CircuitBreaker(
        failure_threshold=5, timeout=_TRIED_AGAIN_S, expected_exception=UnavailableError, name="bedrock"
    )
    if metrics is not None:
        _show(metrics, breaker)
    rate = settings.bedrock_rate
    return BedrockClient(
        clients.bedrock,
        image_model=settings.image_model,
        text_model=settings.text_model,
        policy=CallPolicy(
            limiter=AdaptiveRateLimiter(rate, min(1.0, rate), 5 * rate, wait=wait),
            breaker=breaker,
            retry=lambda tries: RetryHandler(max_retries=tries, wait=wait),
        ),
    )


def picture_embedder(settings: Settings) -> Callable[[bytes], tuple[float, ...]]:
    """What gives a picture its vector as the worker does: a call to Bedrock.

    Raises MisconfiguredError when region, credentials or the model are missing or wrong.
    """
    clients = make_clients(region=settings.aws_region)
    return open_bedrock(settings, clients).embed_image


def _show(metrics: Metrics, breaker: CircuitBreaker) -> None:
    metrics.breaker_open.labels(service=breaker.name).set_function(
        lambda: float(breaker.state is CircuitState.OPEN)
    )
