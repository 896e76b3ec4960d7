"""What an outage left pending is filled in afterwards, from what is stored alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError
from PIL import Image

from tests.unit.replay_story import Story
from worker import replayer
from worker.aws.bedrock_client import BedrockClient, CallPolicy
from worker.aws.clients import Endpoint, make_clients
from worker.aws.file_table import Commit
from worker.document.embedder import Embedder
from worker.embedded.bedrock_server import BedrockServer
from worker.errors import Code, RejectedError, UnavailableError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.ledger import State
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.world import World

pytestmark = pytest.mark.unit

MODEL = "amazon.titan-embed-image-v1"
TEXT = "営業報告書 第三四半期".encode()


@pytest.fixture
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def seeing(live: World, bedrock: BedrockServer) -> World:
    """A world whose worker embeds pictures."""
    endpoint = Endpoint(
        url=bedrock.url, bedrock_url=bedrock.url, region="x", access_key_id="x", secret_access_key="x"
    )
    clock = live.clock
    policy = CallPolicy(
        limiter=AdaptiveRateLimiter(1000, 1, 1000, clock=clock, wait=clock.wait),
        breaker=CircuitBreaker(
            failure_threshold=3, timeout=60, expected_exception=UnavailableError, clock=clock
        ),
        retry=lambda _tries: RetryHandler(max_retries=0, wait=clock.wait),
    )
    embedder = Embedder(
        bedrock=BedrockClient(make_clients(endpoint).bedrock, image_model=MODEL, policy=policy),
        store=live.store,
        image_model=MODEL,
        text_model="",
        metrics=live.metrics,
    )
    live.consumer.processor = live.processor = replace(live.processor, embedder=embedder)
    live.replayer.embedder = embedder
    return live


def work(world: World, key: str, data: bytes = TEXT) -> None:
    """One file through the worker; its source is of no use any more afterwards."""
    world.put(key, data)
    world.announce(key)
    world.work()
    assert world.waiting() == 0


def picture(colour: str) -> bytes:
    data = BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    return data.getvalue()


def found(world: World, key: str) -> Document:
    document = world.index.document(world.message(key).file_id)
    assert document is not None
    return replace(document, indexed_at="")


def pending(world: World, key: str) -> tuple[bool, bool]:
    row = world.row(key)
    assert (row.pending is not None) == (row.index_pending or row.vectors_pending)
    return row.index_pending, row.vectors_pending


def calls(bedrock: BedrockServer) -> int:
    told = bedrock.stats()["calls"]
    assert isinstance(told, dict)
    return sum(told.values())


def test_a_document_is_indexed_later_as_it_would_have_been_at_once(live: World) -> None:
    work(live, "share/a.txt")
    at_once = found(live, "share/a.txt")
    with live.index_locked():
        work(live, "share/b.txt")
        live.clients.s3.delete_object(Bucket="source", Key="share/b.txt")
        live.replayer.step()
        assert pending(live, "share/b.txt") == (True, False)
    live.replayer.step()
    assert pending(live, "share/b.txt") == (False, False)
    later = found(live, "share/b.txt")
    assert later == replace(
        at_once,
        file_id=later.file_id,
        key="share/b.txt",
        file_name="b.txt",
        file_path="share/b.txt",
    )
    assert live.index.search("営業").total == 2
    assert b'cis_pages_total{source="file"} 1.0' in live.metrics.render()


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (bytes(range(256)) * 9, "unsupported_type")])
def test_a_file_without_content_is_found_by_its_name_later(live: World, data: bytes, reason: str) -> None:
    with live.index_locked():
        work(live, "thing.bin", data)
    live.replayer.step()
    document = found(live, "thing.bin")
    assert (document.state, document.reason) == (State.NO_CONTENT, reason)
    assert document.size_bytes == len(data)
    assert pending(live, "thing.bin") == (False, False)


def test_a_file_that_is_gone_is_hidden_later(live: World) -> None:
    work(live, "a.txt")
    live.clients.s3.delete_object(Bucket="source", Key="a.txt")
    with live.index_locked():
        live.announce("a.txt")
        live.work()
    assert live.index.search("営業").total == 1
    live.replayer.step()
    assert live.index.search("営業").total == 0
    assert live.row("a.txt").state is State.TOMBSTONED
    assert pending(live, "a.txt") == (False, False)


def test_vectors_are_filled_in_from_the_stored_picture(seeing: World, bedrock: BedrockServer) -> None:
    bedrock.control({"down": True})
    work(seeing, "red.png", picture("red"))
    assert pending(seeing, "red.png") == (False, True)
    seeing.clients.s3.delete_object(Bucket="source", Key="red.png")
    bedrock.control({"down": False})
    seeing.replayer.step()
    vectors = found(seeing, "red.png").vectors
    assert (len(vectors.image or ()), vectors.image_model, vectors.pending) == (1024, MODEL, False)
    assert pending(seeing, "red.png") == (False, False)
    assert b'cis_filled_total{kind="vectors",result="filled"} 1.0' in seeing.metrics.render()


def test_stored_vectors_are_not_asked_for_again(seeing: World, bedrock: BedrockServer) -> None:
    with seeing.index_locked():
        work(seeing, "red.png", picture("red"))
    assert calls(bedrock) == 1
    bedrock.control({"down": True})
    seeing.replayer.step()
    assert found(seeing, "red.png").vectors.image is not None
    assert calls(bedrock) == 1


def test_a_missing_embedding_service_keeps_no_text_from_the_index(
    seeing: World, bedrock: BedrockServer
) -> None:
    bedrock.control({"down": True})
    with seeing.index_locked():
        for colour in ("red", "blue", "green"):
            work(seeing, f"{colour}.png", picture(colour))
    seeing.replayer.step()
    for colour in ("red", "blue", "green"):
        assert pending(seeing, f"{colour}.png") == (False, True)
        assert found(seeing, f"{colour}.png").vectors.pending


def test_a_missing_index_keeps_no_vectors_from_being_made(seeing: World, bedrock: BedrockServer) -> None:
    bedrock.control({"down": True})
    work(seeing, "red.png", picture("red"))
    bedrock.control({"down": False})
    with seeing.index_locked():
        seeing.replayer.step()
    assert pending(seeing, "red.png") == (True, False)
    bedrock.control({"down": True})
    seeing.replayer.step()
    assert found(seeing, "red.png").vectors.image is not None
    assert pending(seeing, "red.png") == (False, False)


def test_a_service_that_is_away_is_asked_once_a_step(seeing: World, bedrock: BedrockServer) -> None:
    bedrock.control({"throttle_next": 1_000})
    for number in range(6):
        work(seeing, f"{number}.png", picture(f"#00000{number}"))
    before = calls(bedrock)
    seeing.replayer.step()
    assert calls(bedrock) == before + 1


def test_in_a_long_outage_a_step_reads_few_rows_and_the_next_ones_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "_ROWS_A_QUERY", 3)
    monkeypatch.setattr(replayer, "_ROWS_LEFT_ALONE", 4)
    world.replayer.random = Random(0)
    read: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        read.append(params["Key"]["file_id"]["S"])

    for number in range(30):
        claim = world.claim(world.put(f"{number}")).claim
        world.table.commit(claim, Commit(state=State.NO_CONTENT, reason="empty", index_pending=True))
    world.clients.dynamodb.meta.events.register("provide-client-params.dynamodb.GetItem", note)
    with world.index_locked():
        world.replayer.step()
        assert len(read) == 5
        for _ in range(150):
            world.replayer.step()
    assert len(set(read)) == 30
    world.replayer.step()
    world.replayer.step()
    assert not any(row.pending for row in world.table.rows())


def test_a_picture_the_service_answers_nothing_for_does_not_hold_the_others_up(
    seeing: World, bedrock: BedrockServer
) -> None:
    bedrock.control({"without_embedding_next": 4})
    for colour in ("red", "blue", "green"):
        work(seeing, f"{colour}.png", picture(colour))
    for _ in range(3):
        seeing.replayer.step()
    left = [colour for colour in ("red", "blue", "green") if pending(seeing, f"{colour}.png")[1]]
    assert len(left) == 1
    before = calls(bedrock)
    seeing.replayer.step()
    assert calls(bedrock) == before
    seeing.clock.now += 301
    seeing.replayer.step()
    assert pending(seeing, f"{left[0]}.png") == (False, False)


def test_a_result_that_is_gone_is_read_again_once(live: World) -> None:
    with live.index_locked():
        work(live, "a.txt")
    live.storage.delete("results", live.row("a.txt").artifact_key or "")
    for _ in range(3):
        live.replayer.step()
    assert live.waiting() == 1
    live.work()
    row = live.row("a.txt")
    assert (row.state, row.fence, row.pending) == (State.INDEXED, 2, None)
    assert live.index.search("営業").total == 1


class _Refusing(SqliteIndex):
    """As OpenSearch is with a document that breaks its limits."""

    def index_document(self, document: Document, *, version: int, refresh: bool = False) -> None:  # noqa: ARG002
        raise RejectedError("too many nested pages", code=Code.INDEX_REJECTED)


def test_a_document_the_index_refuses_becomes_a_dead_letter_that_can_be_redriven(live: World) -> None:
    with live.index_locked():
        work(live, "share/a.txt")
    live.replayer.index = _Refusing(live.work_root / "refusing.sqlite3")
    live.replayer.step()
    row = live.row("share/a.txt")
    assert (row.state, row.reason, row.pending) == (State.DEAD_LETTERED, "index_rejected", None)
    assert row.artifact_key is not None
    answer = live.clients.sqs.receive_message(QueueUrl=live.dlq_url, MessageAttributeNames=["cis"])
    (letter,) = answer["Messages"]
    assert json.loads(letter["MessageAttributes"]["cis"]["StringValue"])["code"] == "index_rejected"
    live.queue.send(letter["Body"])
    live.work()
    assert live.row("share/a.txt").state is State.INDEXED
    assert found(live, "share/a.txt").file_path == "share/a.txt"


def test_a_ledger_without_its_index_is_told_of_once_and_stops_nothing(
    live: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with live.index_locked():
        work(live, "a.txt")
    live.clients.dynamodb.update_table(
        TableName="files", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "pending"}}]
    )
    for _ in range(3):
        live.replayer.step()
        live.clock.now += 200
    told = capsys.readouterr().out
    assert told.count("pending_index_missing") == 1
    assert "cis-worker init" in told
    assert not live.shutdown.requested


def test_a_stop_ends_the_work_between_two_rows(live: World) -> None:
    with live.index_locked():
        for number in range(3):
            work(live, f"{number}.txt")

    def stop(**_: Any) -> None:
        live.shutdown.request("test")

    live.clients.s3.meta.events.register("before-call.s3.GetObject", stop)
    live.replayer.step()
    assert sorted(pending(live, f"{number}.txt")[0] for number in range(3)) == [False, True, True]


def test_a_ledger_that_is_away_ends_the_step_quietly(live: World) -> None:
    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    live.clients.dynamodb.meta.events.register_first("before-send.dynamodb.Query", refuse)
    live.replayer.step()
    assert not live.shutdown.requested


def test_a_row_that_nobody_foresaw_leaves_the_others_alone(live: World) -> None:
    with live.index_locked():
        for name in ("a", "b", "c"):
            work(live, f"{name}.txt", name.encode())
    live.clients.dynamodb.update_item(
        TableName="files",
        Key={"file_id": {"S": live.message("b.txt").file_id}},
        UpdateExpression="SET thumbnail_key = :bad, artifact_key = :bad",
        ExpressionAttributeValues={":bad": {"S": ""}},
    )
    live.replayer.step()
    assert [pending(live, f"{name}.txt")[0] for name in ("a", "b", "c")] == [False, True, False]
    assert not live.shutdown.requested


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_order_the_index_ends_as_the_newest_commit(world: World, seed: int) -> None:
    chance = Random(seed)
    story = Story(world, "a.txt", chance)
    for act in [story.claim, *chance.choices(story.acts, k=14), story.settle]:
        act()
        row = world.row("a.txt")
        if row.finished and not row.pending:
            document = found(world, "a.txt")
            assert (document.content_hash, document.pages[0].text) == (story.newest, story.newest)
    assert pending(world, "a.txt") == (False, False)
