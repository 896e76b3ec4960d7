"""What a stop does with uploads that wait."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from worker.aws.buckets.file_upload import PART_BYTES
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import NewObject, Spool
from worker.document.uploads.upload_entry import UploadEntry, UploadState
from worker.errors import UnavailableError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def uploader(world: World) -> BackgroundUploader:
    spool = Spool(world.local_health.work_root)
    return BackgroundUploader(
        world.storage, spool, shutdown=world.shutdown, metrics=world.metrics, random=Random(1)
    )


def _put(uploader: BackgroundUploader, key: str) -> UploadEntry:
    return uploader.put([NewObject(key=key, chunks=(b"x",))])


def _spooled(world: World) -> list[Path]:
    return list((world.local_health.work_root.path / "uploads").glob("*"))


def test_a_stop_tries_what_waits_for_the_network_once_more(
    world: World, uploader: BackgroundUploader
) -> None:
    entry = _put(uploader, "a")
    world.fail("s3", "PutObject", 3 * 6)
    for _ in range(6):
        world.clock.now += uploader._pause.left_s
        uploader.step()
    assert uploader._pause.left_s > 20
    world.shutdown.request("signal")
    uploader.hurry()
    assert uploader._pause.left_s <= 2
    world.clock.now += 2
    uploader.step()
    assert entry.state is UploadState.SAVED


def test_what_is_left_at_the_end_is_counted_named_and_never_saved(
    world: World, uploader: BackgroundUploader
) -> None:
    entries = [_put(uploader, f"a/{number}") for number in range(7)]
    with capture_logs() as logs:
        assert uploader.close() == 7
    (line,) = [line for line in logs if line["event"] == "uploads_left"]
    assert (line["uploads"], line["first"]) == (7, [f"a/{number}" for number in range(5)])
    assert _spooled(world) == []
    for entry in entries:
        with pytest.raises(UnavailableError, match="before the worker stopped"):
            uploader.wait(entry, timeout_s=1)


def test_a_large_upload_that_was_begun_costs_a_stop_no_call(
    world: World, uploader: BackgroundUploader
) -> None:
    entry = uploader.put([NewObject(key="large", chunks=(b"x" * PART_BYTES, b"y"))])
    world.fail("s3", "UploadPart", 3)
    uploader.step()
    assert entry.upload is not None
    calls: list[str] = []
    world.clients.s3.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    assert uploader.close() == 1
    assert calls == []
    assert _spooled(world) == []


def test_a_large_upload_that_is_cancelled_leaves_no_parts(world: World, uploader: BackgroundUploader) -> None:
    entry = uploader.put([NewObject(key="large", chunks=(b"x" * PART_BYTES, b"y"))])
    world.fail("s3", "UploadPart", 3)
    uploader.step()
    assert uploader.cancel(entry)
    assert "Uploads" not in world.clients.s3.list_multipart_uploads(Bucket="results")
