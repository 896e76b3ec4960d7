"""Vectors: from the store, from the service, or pending."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from worker.aws.bedrock_client import BedrockClient, CallPolicy, model_pause
from worker.aws.clients import Endpoint, make_clients
from worker.document.embedder import Embedder
from worker.embedded.bedrock_server import BedrockServer
from worker.errors import JobInterrupted, UnavailableError, WorkerError
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

IMAGE_MODEL = "amazon.titan-embed-image-v1"
TEXT_MODEL = "amazon.titan-embed-text-v2:0"


@pytest.fixture
def server() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


def _embedder(world: World, server: BedrockServer, *, text_model: str = "") -> Embedder:
    endpoint = Endpoint(
        url=server.url,
        bedrock_url=server.url,
        region="us-east-1",
        access_key_id="x",
        secret_access_key="x",
    )
    policy = CallPolicy(
        limiter=AdaptiveRateLimiter(1000, 1, 1000, clock=world.clock, wait=world.clock.wait),
        breaker=CircuitBreaker(
            failure_threshold=3, timeout=60, expected_exception=UnavailableError, clock=world.clock
        ),
        retry=lambda tries: RetryHandler(max_retries=tries, wait=world.clock.wait),
        pause=lambda model: model_pause(model, clock=world.clock),
    )
    client = BedrockClient(
        make_clients(endpoint).bedrock, image_model=IMAGE_MODEL, text_model=text_model, policy=policy
    )
    return Embedder(
        bedrock=client,
        store=world.store,
        image_model=IMAGE_MODEL,
        text_model=text_model,
        metrics=world.metrics,
    )


def _picture(colour: str = "red") -> Extraction:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "JPEG")
    return Extraction(file_type=FileType.JPEG, picture=data.getvalue())


def _calls(server: BedrockServer) -> int:
    calls = server.stats()["calls"]
    assert isinstance(calls, dict)
    return sum(calls.values())


def test_a_picture_is_embedded_once_for_its_content(world: World, server: BedrockServer) -> None:
    embedder = _embedder(world, server)
    first = embedder.embed("hash", _picture())
    second = embedder.embed("hash", _picture())
    assert first.image is not None
    assert len(first.image) == 1024
    assert second.image == first.image
    assert first.image_model == IMAGE_MODEL
    assert _calls(server) == 1


def test_text_is_embedded_by_page_where_a_model_is_set(world: World, server: BedrockServer) -> None:
    pages = tuple(Page(number=n, text=t, source=TextSource.OCR) for n, t in [(1, "営業"), (2, " "), (3, "b")])
    extraction = Extraction(file_type=FileType.PDF, pages=pages)
    vectors = _embedder(world, server, text_model=TEXT_MODEL).embed("hash", extraction)
    assert [len(vector) for vector in vectors.text] == [1024, 1024]
    assert vectors.text_model == TEXT_MODEL
    assert vectors.image is None


def test_a_disabled_model_is_not_called(world: World, server: BedrockServer) -> None:
    extraction = Extraction(file_type=FileType.PDF, pages=(Page(number=1, text="a", source=TextSource.OCR),))
    vectors = _embedder(world, server).embed("hash", extraction)
    assert vectors.text == ()
    assert not vectors.pending
    assert _calls(server) == 0


def test_an_unavailable_service_leaves_the_vectors_pending(world: World, server: BedrockServer) -> None:
    server.control({"down": True})
    errors: list[WorkerError] = []
    vectors = _embedder(world, server).embed("hash", _picture(), on_failure=errors.append)
    assert vectors.pending
    assert vectors.image is None
    assert isinstance(errors[0], UnavailableError)


def test_a_throttled_call_is_tried_again(world: World, server: BedrockServer) -> None:
    server.control({"throttle_next": 2})
    vectors = _embedder(world, server).embed("hash", _picture())
    assert vectors.image is not None
    assert not vectors.pending


def test_a_picture_that_the_service_rejects_is_not_pending(world: World, server: BedrockServer) -> None:
    vectors = _embedder(world, server).embed(
        "hash", Extraction(file_type=FileType.JPEG, picture=b"no picture")
    )
    assert vectors.image is None
    assert not vectors.pending


@pytest.mark.parametrize(
    "message",
    [
        "The provided model identifier is invalid.",
        "Invocation of model ID x with on-demand throughput isn\u2019t supported. Retry your request with "
        "the ID or ARN of an inference profile that contains this model.",
        "Operation not allowed",
        "A refusal that no table knows.",
    ],
)
def test_a_model_that_is_refused_leaves_the_vectors_pending(
    world: World, server: BedrockServer, message: str
) -> None:
    server.control({"fail_next": 1_000, "status": 400, "kind": "ValidationException", "message": message})
    embedder = _embedder(world, server)
    assert [embedder.embed(f"hash {number}", _picture()).pending for number in range(20)] == [True] * 20
    assert _calls(server) <= 2
    server.control({"fail_next": 0})
    world.clock.now += 900.0
    assert embedder.embed("hash 1", _picture()).image is not None


def test_a_single_refusal_that_no_table_knows_is_tried_again(world: World, server: BedrockServer) -> None:
    server.control({"fail_next": 1, "status": 400, "kind": "ValidationException", "message": "unknown"})
    assert _embedder(world, server).embed("hash", _picture()).image is not None


def test_a_picture_that_the_service_rejects_does_not_cost_the_vectors_of_the_text(
    world: World, server: BedrockServer
) -> None:
    pages = tuple(Page(number=n, text=f"page {n}", source=TextSource.OCR) for n in (1, 2))
    extraction = Extraction(file_type=FileType.JPEG, picture=b"no picture", pages=pages)
    vectors = _embedder(world, server, text_model=TEXT_MODEL).embed("hash", extraction)
    assert (vectors.image, vectors.image_model, vectors.pending) == (None, None, False)
    assert [len(vector) for vector in vectors.text] == [1024, 1024]


def test_a_page_that_the_service_rejects_does_not_cost_the_vectors_of_the_others(
    world: World, server: BedrockServer
) -> None:
    server.control({"refused_text": "second"})
    texts = ("first", "second", "third")
    pages = tuple(Page(number=n, text=t, source=TextSource.OCR) for n, t in enumerate(texts, 1))
    vectors = _embedder(world, server, text_model=TEXT_MODEL).embed(
        "hash", Extraction(file_type=FileType.PDF, pages=pages)
    )
    assert [len(vector) for vector in vectors.text] == [1024, 0, 1024]
    assert (vectors.text_model, vectors.pending) == (TEXT_MODEL, False)


def test_a_stop_between_two_vectors_ends_the_work(world: World, server: BedrockServer) -> None:
    pages = tuple(Page(number=n, text=f"page {n}", source=TextSource.OCR) for n in (1, 2, 3))
    checks: list[int] = []

    def check() -> None:
        checks.append(1)
        if len(checks) == 2:
            raise JobInterrupted("stop")

    with pytest.raises(JobInterrupted):
        _embedder(world, server, text_model=TEXT_MODEL).embed(
            "hash", Extraction(file_type=FileType.PDF, pages=pages), check=check
        )
    assert _calls(server) == 1
