"""What an outage left pending is completed afterwards, from the stored artifacts alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.unit.index_lock import index_locked
from tests.unit.pending_documents import (
    MODEL,
    RejectingIndex,
    count_calls,
    indexed_document,
    make_embedder,
    pending_flags,
    picture,
    work,
)
from tests.unit.replay_story import Story
from worker import replayer
from worker.aws.file_table import Commit
from worker.embedded.bedrock_server import BedrockServer
from worker.models.ledger import State

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def embedding(live: World, bedrock: BedrockServer) -> World:
    """The world with a worker that embeds pictures."""
    embedder = make_embedder(live, bedrock)
    live.attempts.processor = live.processor = replace(live.processor, embedder=embedder)
    live.replayer.embedder = embedder
    return live


def test_a_document_is_indexed_later_as_it_would_have_been_at_once(live: World) -> None:
    work(live, "share/a.txt")
    at_once = indexed_document(live, "share/a.txt")
    with index_locked(live):
        work(live, "share/b.txt")
        live.clients.s3.delete_object(Bucket="source", Key="share/b.txt")
        live.replayer.step()
        assert pending_flags(live, "share/b.txt") == (True, False)
    live.replayer.step()
    assert pending_flags(live, "share/b.txt") == (False, False)
    later = indexed_document(live, "share/b.txt")
    assert later == replace(
        at_once,
        file_id=later.file_id,
        key="share/b.txt",
        file_name="b.txt",
        file_path="share/b.txt",
        metadata=later.metadata,  # its times are those of another upload
    )
    (hit,) = live.index.search("営業").hits
    assert len(hit.also_at) == 1
    assert b'cis_pages_total{source="file"} 1.0' in live.metrics.render()


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (bytes(range(256)) * 9, "unsupported_type")])
def test_a_file_without_content_is_indexed_by_its_name_later(live: World, data: bytes, reason: str) -> None:
    with index_locked(live):
        work(live, "thing.bin", data)
    live.replayer.step()
    document = indexed_document(live, "thing.bin")
    assert (document.state, document.reason) == (State.NO_CONTENT, reason)
    assert document.size_bytes == len(data)
    assert pending_flags(live, "thing.bin") == (False, False)


def test_a_deleted_file_is_hidden_later(live: World) -> None:
    work(live, "a.txt")
    live.clients.s3.delete_object(Bucket="source", Key="a.txt")
    with index_locked(live):
        live.announce("a.txt")
        live.work()
    assert live.index.search("営業").total == 1
    live.replayer.step()
    assert live.index.search("営業").total == 0
    assert live.row("a.txt").state is State.TOMBSTONED
    assert pending_flags(live, "a.txt") == (False, False)


def test_vectors_are_made_from_the_stored_picture(embedding: World, bedrock: BedrockServer) -> None:
    bedrock.control({"down": True})
    work(embedding, "red.png", picture("red"))
    assert pending_flags(embedding, "red.png") == (False, True)
    embedding.clients.s3.delete_object(Bucket="source", Key="red.png")
    bedrock.control({"down": False})
    embedding.replayer.step()
    vectors = indexed_document(embedding, "red.png").vectors
    assert (len(vectors.image or ()), vectors.image_model, vectors.pending) == (1024, MODEL, False)
    assert pending_flags(embedding, "red.png") == (False, False)
    assert b'cis_replays_total{kind="vectors",result="filled"} 1.0' in embedding.metrics.render()


def test_stored_vectors_are_not_requested_again(embedding: World, bedrock: BedrockServer) -> None:
    with index_locked(embedding):
        work(embedding, "red.png", picture("red"))
    assert count_calls(bedrock) == 1
    bedrock.control({"down": True})
    embedding.replayer.step()
    assert indexed_document(embedding, "red.png").vectors.image is not None
    assert count_calls(bedrock) == 1


def test_an_unavailable_embedding_service_does_not_delay_the_index(
    embedding: World, bedrock: BedrockServer
) -> None:
    bedrock.control({"down": True})
    with index_locked(embedding):
        for colour in ("red", "blue", "green"):
            work(embedding, f"{colour}.png", picture(colour))
    embedding.replayer.step()
    for colour in ("red", "blue", "green"):
        assert pending_flags(embedding, f"{colour}.png") == (False, True)
        assert indexed_document(embedding, f"{colour}.png").vectors.pending


def test_an_unavailable_index_does_not_delay_the_vectors(embedding: World, bedrock: BedrockServer) -> None:
    bedrock.control({"down": True})
    work(embedding, "red.png", picture("red"))
    bedrock.control({"down": False})
    with index_locked(embedding):
        embedding.replayer.step()
    assert pending_flags(embedding, "red.png") == (True, False)
    bedrock.control({"down": True})
    embedding.replayer.step()
    assert indexed_document(embedding, "red.png").vectors.image is not None
    assert pending_flags(embedding, "red.png") == (False, False)


def test_an_unavailable_service_is_called_once_per_step(embedding: World, bedrock: BedrockServer) -> None:
    bedrock.control({"throttle_next": 1_000})
    for number in range(6):
        work(embedding, f"{number}.png", picture(f"#00000{number}"))
    before = count_calls(bedrock)
    embedding.replayer.step()
    assert count_calls(bedrock) == before + 1


def test_in_a_long_outage_a_step_reads_few_rows_and_the_next_ones_continue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "_ROWS_PER_QUERY", 3)
    monkeypatch.setattr(replayer, "_MAX_SKIPPED_ROWS", 4)
    world.replayer.random = Random(0)
    read: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        read.append(params["Key"]["file_id"]["S"])

    for number in range(30):
        claim = world.claim(world.put(f"{number}")).claim
        world.table.commit(claim, Commit(state=State.NO_CONTENT, reason="empty", index_pending=True))
    world.clients.dynamodb.meta.events.register("provide-client-params.dynamodb.GetItem", note)
    with index_locked(world):
        world.replayer.step()
        assert len(read) == 5
        for _ in range(150):
            world.replayer.step()
    assert len(set(read)) == 30
    world.replayer.step()
    world.replayer.step()
    assert not any(row.pending for row in world.table.rows())


def test_a_picture_without_an_answer_of_the_service_does_not_delay_the_others(
    embedding: World, bedrock: BedrockServer
) -> None:
    bedrock.control({"without_embedding_next": 4})
    for colour in ("red", "blue", "green"):
        work(embedding, f"{colour}.png", picture(colour))
    for _ in range(3):
        embedding.replayer.step()
    left = [colour for colour in ("red", "blue", "green") if pending_flags(embedding, f"{colour}.png")[1]]
    assert len(left) == 1
    before = count_calls(bedrock)
    embedding.replayer.step()
    assert count_calls(bedrock) == before
    embedding.clock.now += 301
    embedding.replayer.step()
    assert pending_flags(embedding, f"{left[0]}.png") == (False, False)


def test_a_file_whose_artifact_is_missing_is_processed_again_once(live: World) -> None:
    with index_locked(live):
        work(live, "a.txt")
    live.storage.delete("results", live.row("a.txt").artifact_key or "")
    for _ in range(3):
        live.replayer.step()
    assert live.waiting() == 1
    live.work()
    row = live.row("a.txt")
    assert (row.state, row.fence, row.pending) == (State.INDEXED, 2, None)
    assert live.index.search("営業").total == 1


def test_a_document_that_the_index_rejects_becomes_a_dead_letter_that_can_be_redriven(live: World) -> None:
    with index_locked(live):
        work(live, "share/a.txt")
    live.replayer.index = RejectingIndex(live.work_root / "rejecting.sqlite3")
    for _ in range(3):
        # It may be the index's own fault for a while.
        assert live.row("share/a.txt").state is State.INDEXED
        live.replayer.step()
        live.replayer.step()
        live.clock.now += 300
    row = live.row("share/a.txt")
    assert (row.state, row.reason, row.pending) == (State.DEAD_LETTERED, "index_rejected", None)
    assert row.artifact_key is not None
    answer = live.clients.sqs.receive_message(QueueUrl=live.dlq_url, MessageAttributeNames=["cis"])
    (message,) = answer["Messages"]
    assert json.loads(message["MessageAttributes"]["cis"]["StringValue"])["code"] == "index_rejected"
    live.queue.send(message["Body"])
    live.work()
    assert live.row("share/a.txt").state is State.INDEXED
    assert indexed_document(live, "share/a.txt").file_path == "share/a.txt"


def test_a_stop_ends_the_work_between_two_rows(live: World) -> None:
    with index_locked(live):
        for number in range(3):
            work(live, f"{number}.txt")

    def stop(**_: Any) -> None:
        live.shutdown.request("test")

    live.clients.s3.meta.events.register("before-call.s3.GetObject", stop)
    live.replayer.step()
    assert sorted(pending_flags(live, f"{number}.txt")[0] for number in range(3)) == [False, True, True]


def test_an_unavailable_ledger_ends_the_step_without_an_error(live: World) -> None:
    live.fail("dynamodb", "Query")
    live.replayer.step()
    assert not live.shutdown.is_requested


def test_an_invalid_row_does_not_delay_the_others(live: World) -> None:
    with index_locked(live):
        for name in ("a", "b", "c"):
            work(live, f"{name}.txt", name.encode())
    live.clients.dynamodb.update_item(
        TableName="files",
        Key={"file_id": {"S": live.message("b.txt").file_id}},
        UpdateExpression="SET thumbnail_key = :bad, artifact_key = :bad",
        ExpressionAttributeValues={":bad": {"S": ""}},
    )
    live.replayer.step()
    assert [pending_flags(live, f"{name}.txt")[0] for name in ("a", "b", "c")] == [False, True, False]
    assert not live.shutdown.is_requested


@pytest.mark.parametrize("seed", range(12))
def test_in_any_order_the_index_ends_with_the_newest_commit(world: World, seed: int) -> None:
    chance = Random(seed)
    story = Story(world, "a.txt", chance)
    for act in [story.claim, *chance.choices(story.acts, k=14), story.settle]:
        act()
        row = world.row("a.txt")
        if row.is_finished and not row.pending:
            document = indexed_document(world, "a.txt")
            assert (document.content_hash, document.pages[0].text) == (story.newest, story.newest)
    assert pending_flags(world, "a.txt") == (False, False)
