"""Documents that an outage left pending, for tests of the replayer."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from worker.aws.bedrock_client import BedrockClient, CallPolicy, model_pause
from worker.aws.clients import Endpoint, make_clients
from worker.document.embedder import Embedder
from worker.embedded.bedrock_server import BedrockServer
from worker.errors import Code, RejectedError, UnavailableError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

if TYPE_CHECKING:
    from tests.unit.world import World

MODEL = "amazon.titan-embed-image-v1"
TEXT = "営業報告書 第三四半期".encode()


def make_embedder(world: World, bedrock: BedrockServer) -> Embedder:
    """An embedder of pictures, which asks once and whose breaker opens after three failures."""
    endpoint = Endpoint(
        url=bedrock.url, bedrock_url=bedrock.url, region="x", access_key_id="x", secret_access_key="x"
    )
    clock = world.clock
    policy = CallPolicy(
        limiter=AdaptiveRateLimiter(1000, 1, 1000, clock=clock, wait=clock.wait),
        breaker=CircuitBreaker(
            failure_threshold=3, timeout=60, expected_exception=UnavailableError, clock=clock
        ),
        retry=lambda _tries: RetryHandler(max_retries=0, wait=clock.wait),
        pause=lambda model: model_pause(model, clock=clock),
    )
    return Embedder(
        bedrock=BedrockClient(make_clients(endpoint).bedrock, image_model=MODEL, policy=policy),
        store=world.store,
        image_model=MODEL,
        text_model="",
        metrics=world.metrics,
    )


def work(world: World, key: str, data: bytes = TEXT) -> None:
    """Process one file to its end."""
    world.put(key, data)
    world.announce(key)
    world.work()
    assert world.waiting() == 0


def picture(colour: str) -> bytes:
    data = BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    return data.getvalue()


def indexed_document(world: World, key: str) -> Document:
    document = world.index.document(world.message(key).file_id)
    assert document is not None
    return replace(document, indexed_at="")


def pending_flags(world: World, key: str) -> tuple[bool, bool]:
    row = world.row(key)
    assert (row.pending is not None) == (row.index_pending or row.vectors_pending)
    return row.index_pending, row.vectors_pending


def count_calls(bedrock: BedrockServer) -> int:
    count = bedrock.stats()["calls"]
    assert isinstance(count, dict)
    return sum(count.values())


class RejectingIndex(SqliteIndex):
    """Rejects every document that has pages, as OpenSearch does with one over its limits."""

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:
        if document.pages:
            raise RejectedError("too many nested pages", code=Code.INDEX_REJECTED)
        super().index_document(document, version=version, refresh=refresh)
