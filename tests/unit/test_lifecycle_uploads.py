"""Background uploads in a worker from its first thread to its last."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.unit.lifecycle_parts import make_lifecycle
from worker.document.artifacts import ArtifactStore
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import NewObject, Spool
from worker.lifecycle import Lifecycle
from worker.models.file import FileType
from worker.models.ledger import State
from worker.runtime.shutdown import Shutdown

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _lifecycle(world: World, *, timeout_s: float = 30) -> tuple[Lifecycle, BackgroundUploader]:
    shutdown = Shutdown(timeout_s=timeout_s)
    spool = Spool(world.local_health.work_root)
    uploader = BackgroundUploader(
        world.storage, spool, shutdown=shutdown, metrics=world.metrics, random=Random(1)
    )
    world.store = ArtifactStore(world.storage, extraction_key="key", uploader=uploader)
    world.shutdown = shutdown
    return make_lifecycle(world, shutdown=shutdown), uploader


def _end(logs: list[MutableMapping[str, Any]]) -> MutableMapping[str, Any]:
    (line,) = [line for line in logs if line["event"] == "worker_stopped"]
    return line


def _put(uploader: BackgroundUploader, number: int) -> None:
    uploader.put([NewObject(key=f"left/{number}", chunks=(b"x",))])


def test_every_committed_document_has_its_artifact(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.sandbox.start()
    lifecycle, uploader = _lifecycle(world)
    for number in range(4):
        world.put(f"{number}.txt", f"text {number}".encode())
        world.announce(f"{number}.txt")

    def stop_when_done() -> None:
        try:
            until(lambda: sum(row.is_finished for row in world.table.rows()) == 4)
        finally:
            lifecycle.shutdown.request("test")

    watcher = threading.Thread(target=stop_when_done)
    watcher.start()
    with capture_logs() as logs:
        assert lifecycle.run() == 0
    watcher.join()
    world.sandbox.close()
    rows = list(world.table.rows())
    assert {row.state for row in rows} == {State.INDEXED}
    for row in rows:
        assert world.store.load(row.content_hash or "", FileType.TEXT) is not None
    assert (_end(logs)["uploads_left"], _end(logs)["state_saved"], uploader.pending) == (0, True, 0)


def test_a_stop_uploads_what_waits(world: World) -> None:
    lifecycle, uploader = _lifecycle(world)
    for number in range(30):
        _put(uploader, number)
    lifecycle.shutdown.request("test")
    with capture_logs() as logs:
        assert lifecycle.run() == 0
    assert len(world.storage.keys("left/")) == 30
    assert _end(logs)["uploads_left"] == 0


def test_what_is_left_when_the_time_is_over_is_reported_and_not_counted_as_saved(world: World) -> None:
    lifecycle, uploader = _lifecycle(world, timeout_s=4)
    for number in range(3):
        _put(uploader, number)
    world.fail("s3", "PutObject")
    lifecycle.shutdown.request("test")
    with capture_logs() as logs:
        # Every message is settled: none depends on these.
        assert lifecycle.run() == 0
    end = _end(logs)
    assert (end["uploads_left"], end["state_saved"], end["status"]) == (3, False, "GRACEFUL_SHUTDOWN")
    (left,) = [line for line in logs if line["event"] == "uploads_left"]
    assert len(left["first"]) == 3
    assert list((world.local_health.work_root.path / "uploads").iterdir()) == []
