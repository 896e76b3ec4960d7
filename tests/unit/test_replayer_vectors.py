"""Vectors that a refused model left pending: what they cost meanwhile, and that they are filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.pending_documents import (
    count_calls,
    indexed_document,
    make_embedder,
    pending_flags,
    picture,
    work,
)
from worker.aws.file_table import Commit
from worker.embedded.bedrock_server import BedrockServer
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.ledger import State

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.world import World

pytestmark = pytest.mark.unit

COLOURS = ("red", "blue", "green")
REFUSALS: dict[str, dict[str, object]] = {
    "model id": {"status": 400, "message": "The provided model identifier is invalid."},
    "throughput": {
        "status": 400,
        "message": "Invocation of x with on-demand throughput isn\u2019t supported.",
    },
    "unknown": {"status": 400, "message": "A text that no table knows."},
    "access": {"status": 403, "message": "You don't have access to the model."},
    "region": {"status": 404, "message": "Could not resolve the foundation model."},
    "not ready": {"status": 429, "kind": "ModelNotReadyException"},
    "quota": {"status": 400, "kind": "ServiceQuotaExceededException"},
    "tokens per day": {"status": 429, "message": "Too many tokens per day, please wait before trying again."},
    "credentials": {"status": 403, "kind": "ExpiredTokenException"},
}


@pytest.fixture
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


def commit_pending(world: World, key: str, extraction: Extraction) -> None:
    """Commit a file whose vectors are pending, as the attempt that read it does."""
    claim = world.claim(world.put(key)).claim
    artifact = world.store.save(key, extraction)
    end = Commit(state=State.INDEXED, content_hash=key, artifact_key=artifact, vectors_pending=True)
    world.table.commit(claim, end)


def image(colour: str) -> Extraction:
    return Extraction(file_type=FileType.PNG, picture=picture(colour))


def test_documents_of_a_refused_model_are_indexed_and_get_their_vectors_when_it_is_right(
    live: World, bedrock: BedrockServer
) -> None:
    embedder = make_embedder(live, bedrock)
    live.attempts.processor = live.processor = replace(live.processor, embedder=embedder)
    live.replayer.embedder = embedder
    bedrock.control({"fail_next": 1_000, **REFUSALS["model id"]})
    for colour in COLOURS:
        work(live, f"{colour}.png", picture(colour))
    live.replayer.step()
    assert [pending_flags(live, f"{colour}.png") for colour in COLOURS] == [(False, True)] * 3
    assert {indexed_document(live, f"{colour}.png").state for colour in COLOURS} == {State.INDEXED}
    assert count_calls(bedrock) == 1
    bedrock.control({"fail_next": 0})
    live.clock.now += 20.0
    live.replayer.step()
    for colour in COLOURS:
        assert pending_flags(live, f"{colour}.png") == (False, False)
        vectors = indexed_document(live, f"{colour}.png").vectors
        assert (len(vectors.image or ()), vectors.pending) == (1024, False)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_model_costs_the_replayer_one_try_and_its_vectors_stay_pending(
    world: World, bedrock: BedrockServer, refusal: str
) -> None:
    world.replayer.embedder = make_embedder(world, bedrock)
    bedrock.control({"fail_next": 1_000, **REFUSALS[refusal]})
    for colour in COLOURS:
        commit_pending(world, colour, image(colour))
    for _ in range(3):
        world.replayer.step()
    # An unknown text needs a probe, too.
    assert count_calls(bedrock) == (2 if refusal == "unknown" else 1)
    assert [pending_flags(world, colour) for colour in COLOURS] == [(False, True)] * 3
    assert not world.shutdown.is_requested
    bedrock.control({"fail_next": 0})
    world.clock.now += 20.0
    world.replayer.step()
    assert [pending_flags(world, colour) for colour in COLOURS] == [(False, False)] * 3
    assert all(indexed_document(world, colour).vectors.image for colour in COLOURS)


def test_a_refused_input_is_final_and_is_not_replayed(world: World, bedrock: BedrockServer) -> None:
    world.replayer.embedder = make_embedder(world, bedrock)
    commit_pending(world, "broken", Extraction(file_type=FileType.PNG, picture=b"no picture"))
    commit_pending(world, "red", image("red"))
    world.replayer.step()
    assert [pending_flags(world, key) for key in ("broken", "red")] == [(False, False)] * 2
    assert indexed_document(world, "broken").vectors.image is None
    assert indexed_document(world, "red").vectors.image is not None
    calls = count_calls(bedrock)
    world.replayer.step()
    assert count_calls(bedrock) == calls


def test_while_a_model_is_refused_its_rows_are_not_read_and_delay_no_index_entry(
    world: World, bedrock: BedrockServer
) -> None:
    world.replayer.embedder = make_embedder(world, bedrock)
    bedrock.control({"fail_next": 1_000, **REFUSALS["access"]})
    for number in range(70):
        commit_pending(world, f"{number}", image("red"))
    claim = world.claim(world.put("empty")).claim
    world.table.commit(claim, Commit(state=State.NO_CONTENT, reason="empty", index_pending=True))
    read: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        read.append(params["Key"]["file_id"]["S"])

    world.clients.dynamodb.meta.events.register("provide-client-params.dynamodb.GetItem", note)
    world.replayer.step()
    assert len(read) == 2, "the row of the index, and one whose vectors were tried"
    assert pending_flags(world, "empty") == (False, False)
