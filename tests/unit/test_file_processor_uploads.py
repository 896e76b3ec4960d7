"""The artifact of a document goes to S3 beside its embedding, and before index and ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from worker.delivery.heartbeat import Lease
from worker.document.artifacts import ArtifactStore
from worker.document.embedder import Embedder
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import Spool
from worker.errors import JobInterrupted, LocalFaultError, UnavailableError
from worker.models.file import FileType
from worker.models.ledger import Job, State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

MODEL = "amazon.titan-embed-text-v2:0"


@pytest.fixture
def uploader(live: World) -> BackgroundUploader:
    """A queue that nobody serves but who waits for it."""
    spool = Spool(live.local_health.work_root)
    made = BackgroundUploader(
        live.storage, spool, shutdown=live.shutdown, metrics=live.metrics, random=Random(1)
    )
    live.store = ArtifactStore(live.storage, extraction_key="key", uploader=made)
    return made


def _lease(world: World) -> Lease:
    world.queue.send("{}")
    return world.heartbeat.hold(world.receive())


def _job(world: World) -> Job:
    return world.claim(world.put("a.txt", b"text"))


def _embed_text(world: World, during: Callable[[], None]) -> None:
    """Have text embedded, with a stored vector; `during` is called while that is looked up."""
    world.embedder = Embedder(
        bedrock=world.bedrock, store=world.store, image_model="", text_model=MODEL, metrics=world.metrics
    )
    world.store.save_vector(hashlib.sha256(b"text").hexdigest(), MODEL, [0.5] * 1024)

    def notice(params: Any, **_: Any) -> None:
        if "/vectors/" in params["url_path"]:
            during()

    world.clients.s3.meta.events.register("before-call.s3.GetObject", notice)


def test_the_artifact_is_on_its_way_during_the_embedding_and_there_before_the_commit(
    live: World, uploader: BackgroundUploader
) -> None:
    pending: list[int] = []
    _embed_text(live, lambda: pending.append(uploader.pending))
    job, lease, order = _job(live), _lease(live), []
    for client, operation in ((live.clients.s3, "PutObject"), (live.clients.dynamodb, "UpdateItem")):
        client.meta.events.register(f"before-call.*.{operation}", lambda model, **_: order.append(model.name))
    document = live.processor.process(job, lease)
    assert pending == [1]
    assert order == ["PutObject", "UpdateItem"]
    assert (live.row("a.txt").state, uploader.pending) == (State.INDEXED, 0)
    assert live.store.load(document.content_hash or "", FileType.TEXT) is not None


def test_an_artifact_is_uploaded_although_the_attempt_ended_and_the_next_one_reads_no_page(
    live: World, uploader: BackgroundUploader
) -> None:
    stops = [JobInterrupted("the worker stops")]

    def stop_once() -> None:
        if stops:
            raise stops.pop()

    _embed_text(live, stop_once)
    file = live.put("a.txt", b"text")
    with pytest.raises(JobInterrupted):
        live.processor.process(live.claim(file), _lease(live))
    assert uploader.pending == 1
    uploader.step()
    assert live.processor.process(live.claim(file), _lease(live)).state is State.INDEXED
    assert b'cis_pages_total{source="file"} 1.0' in live.metrics.render()


def test_without_its_artifact_a_document_is_neither_indexed_nor_committed(
    live: World, uploader: BackgroundUploader
) -> None:
    job, lease = _job(live), _lease(live)
    live.fail("s3", "PutObject")
    steps = iter(range(0, 10_000, 20))
    live.shutdown._clock = lambda: 1_000.0 + next(steps)
    with pytest.raises(UnavailableError, match="was not written in time"):
        live.processor.process(job, lease)
    assert live.row("a.txt").state is State.PROCESSING
    assert live.index.search("text").total == 0
    assert uploader.pending == 1


def test_a_spool_that_cannot_be_written_is_a_fault_of_this_machine(
    live: World, uploader: BackgroundUploader
) -> None:
    (live.local_health.work_root.path / "uploads").write_text("in the way")
    with pytest.raises(LocalFaultError, match="CIS_WORK_DIR"):
        live.processor.process(_job(live), _lease(live))
    assert uploader.pending == 0


def test_a_document_is_being_written_once_its_files_are_gone_and_until_the_commit(live: World) -> None:
    seen: list[tuple[State, list[str]]] = []

    def observe() -> None:
        row = live.row("a.txt")
        seen.append((row.state, [path.name for path in live.local_health.work_root.path.glob("document-*")]))

    @contextmanager
    def writing() -> Iterator[None]:
        observe()
        yield
        observe()

    processor = replace(live.processor, writing=writing)
    processor.process(_job(live), _lease(live))
    live.clients.s3.delete_object(Bucket="source", Key="a.txt")
    processor.process(live.claim(live.message("a.txt")), _lease(live))
    states = (State.PROCESSING, State.INDEXED, State.PROCESSING, State.TOMBSTONED)
    assert seen == [(state, []) for state in states]
