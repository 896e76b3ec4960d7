"""An upload belongs to its document, whichever thread makes it."""

from __future__ import annotations

import threading
from random import Random
from typing import TYPE_CHECKING

import pytest

from worker.aws.answers.call_counts import CallCounts
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import NewObject, Spool
from worker.runtime.tally import open_tally

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_an_upload_is_counted_for_its_document(world: World) -> None:
    CallCounts(metrics=world.metrics).register(world.clients)
    uploader = BackgroundUploader(
        world.storage,
        Spool(world.local_health.work_root),
        shutdown=world.shutdown,
        metrics=world.metrics,
        random=Random(1),
    )
    tallies = []
    for size_bytes in (100, 200):
        with open_tally() as tally:
            uploader.put([NewObject(key=f"artifacts/{size_bytes}", chunks=(b"x" * size_bytes,))])
        tallies.append(tally)
    for _ in tallies:
        thread = threading.Thread(target=uploader.step)
        thread.start()
        thread.join()
    assert [dict(tally.stored_bytes) for tally in tallies] == [{"artifact": 100}, {"artifact": 200}]
    assert [tally.operations_by_service() for tally in tallies] == 2 * [{"s3": {"PutObject": 1}}]
