"""Search index and Bedrock, as the settings name them: each with one circuit breaker and one retry policy.

While a service is unavailable, documents stay pending, and the replayer fills them once the breaker closes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from worker.aws.bedrock_client import (
    BedrockClient,
    CallPolicy,
    Usage,
    embedding_dimension,
    model_pause,
)
from worker.aws.clients import Clients, make_clients, signing_credentials
from worker.config import Settings, require
from worker.errors import ThrottledError, UnavailableError
from worker.index.search_index import SearchIndex
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitState
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler
from worker.runtime.metrics import Metrics

if TYPE_CHECKING:
    from worker.index.opensearch.index_manager import IndexManager

_BREAKER_TIMEOUT_S = 20.0
# Low enough that hundreds of workers fit into one quota of 2,000 calls a minute.
_LEAST_BEDROCK_RATE = 0.05


def open_index(
    settings: Settings,
    *,
    wait: Callable[[float], object] | None = None,
    metrics: Metrics | None = None,
    expects_more: Callable[[], bool] = lambda: False,
) -> SearchIndex:
    """The search index the settings name; retries wait with `wait`, `metrics` show the breaker.

    In OpenSearch writes are gathered while a thread that writes `expects_more`.

    Raises MisconfiguredError when a setting is missing. No request is sent to OpenSearch yet.
    """
    if settings.index == "opensearch":
        return open_index_manager(settings, wait=wait, metrics=metrics, expects_more=expects_more)
    # Only the index in use is imported: opensearch-py and what it needs take 12 MB.
    from worker.index.sqlite.sqlite_index import SqliteIndex  # noqa: PLC0415

    require(settings, "sqlite_path")
    return SqliteIndex(settings.sqlite_path or Path())


def open_index_manager(
    settings: Settings,
    *,
    wait: Callable[[float], object] | None = None,
    metrics: Metrics | None = None,
    expects_more: Callable[[], bool] = lambda: False,
) -> IndexManager:
    """The index in OpenSearch. Raises MisconfiguredError when a setting is missing."""
    from worker.index.opensearch.client import connect_from_settings  # noqa: PLC0415
    from worker.index.opensearch.index_manager import IndexManager, IndexPolicy  # noqa: PLC0415

    def count(operation: str) -> None:
        if metrics is not None:
            metrics.opensearch_calls.labels(operation=operation).inc()

    client = connect_from_settings(
        settings, lambda: signing_credentials(region=settings.aws_region), on_request=count
    )
    breaker = CircuitBreaker(
        failure_threshold=5,
        timeout=_BREAKER_TIMEOUT_S,
        expected_exception=UnavailableError,
        name="opensearch",
    )
    # Few and short retries: a document that cannot be written now becomes pending, and OCR goes on.
    retry = RetryHandler(max_retries=2, initial_delay=0.5, max_delay=5.0, wait=wait)
    if metrics is not None:
        export_state(metrics, breaker)
        retry.on_retry = metrics.retries.labels(service="opensearch").inc
        throttles = metrics.throttles.labels(service="opensearch")
        retry.on_failure = lambda error: throttles.inc(isinstance(error, ThrottledError))
    return IndexManager(
        client,
        policy=IndexPolicy(breaker=breaker, retry=retry),
        prefix=settings.index_prefix,
        shards=settings.index_shards,
        text_dimension=embedding_dimension(settings.text_model) if settings.text_model else None,
        expects_more=expects_more,
    )


def open_bedrock(
    settings: Settings,
    clients: Clients,
    *,
    wait: Callable[[float], object] | None = None,
    metrics: Metrics | None = None,
) -> BedrockClient:
    """The embedding service; retries and pacing wait with `wait`, `metrics` show the breakers."""
    breaker = CircuitBreaker(
        failure_threshold=5, timeout=_BREAKER_TIMEOUT_S, expected_exception=UnavailableError, name="bedrock"
    )
    pauses = {model: model_pause(model) for model in (settings.image_model, settings.text_model) if model}
    if metrics is not None:
        for each in (breaker, *pauses.values()):
            export_state(metrics, each)
    # The limiter finds this worker's share of the quota itself, up to five times the start.
    rate = settings.bedrock_rate
    return BedrockClient(
        clients.bedrock,
        image_model=settings.image_model,
        text_model=settings.text_model,
        policy=CallPolicy(
            limiter=AdaptiveRateLimiter(rate, min(_LEAST_BEDROCK_RATE, rate), 5 * rate, wait=wait),
            breaker=breaker,
            retry=lambda tries: _bedrock_retry(tries, wait, metrics),
            pause=pauses.__getitem__,
            on_usage=_count_usage(metrics),
        ),
    )


def _count_usage(metrics: Metrics | None) -> Callable[[Usage], object]:
    def count(usage: Usage) -> None:
        if metrics is not None:
            metrics.count_embedding(usage.model, tokens=usage.tokens, pictures=usage.pictures)

    return count


def picture_embedder(settings: Settings) -> Callable[[bytes], tuple[float, ...]]:
    """The function that embeds a picture as the worker does: a call to Bedrock.

    Raises MisconfiguredError when region, credentials or the model are missing or wrong.
    """
    clients = make_clients(region=settings.aws_region, bedrock_region=settings.bedrock_region)
    return open_bedrock(settings, clients).embed_image


def _bedrock_retry(
    tries: int, wait: Callable[[float], object] | None, metrics: Metrics | None
) -> RetryHandler:
    handler = RetryHandler(max_retries=tries, wait=wait)
    if metrics is not None:
        # Its throttles are counted where all answers of AWS are.
        handler.on_retry = metrics.retries.labels(service="bedrock-runtime").inc
    return handler


def export_state(metrics: Metrics, breaker: CircuitBreaker) -> None:
    """Show a breaker in the metrics, under its name."""
    breaker.on_open = metrics.breaker_openings.labels(service=breaker.name).inc
    metrics.breaker_open.labels(service=breaker.name).set_function(
        lambda: float(breaker.state is CircuitState.OPEN)
    )
