"""One document in a straight line."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.index_lock import index_locked
from tests.unit.pending_documents import RejectingIndex
from worker.delivery.heartbeat import Lease
from worker.delivery.local_health import Floors
from worker.errors import (
    JobInterrupted,
    LeaseLostError,
    LocalFaultError,
    ObjectChangedError,
    ProcessingError,
    UnavailableError,
)
from worker.models.file import FileMessage
from worker.models.ledger import Checkpoint, Job, State
from worker.models.page import TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

TEXT = "営業報告書 第三四半期".encode()


def _lease(world: World) -> Lease:
    world.queue.send("{}")
    return world.heartbeat.hold(world.receive())


def _job(world: World, key: str = "a.txt", data: bytes = TEXT) -> Job:
    return world.claim(world.put(key, data))


def _left_behind(world: World) -> list[str]:
    return [path.name for path in world.work_root.glob("document-*")]


def test_a_document_is_indexed_committed_and_leaves_no_file(live: World) -> None:
    document = live.processor.process(_job(live), _lease(live))
    assert document.state is State.INDEXED
    assert document.language == "jpn"
    assert document.text_sources == (TextSource.FILE.value,)
    row = live.row("a.txt")
    assert (row.state, row.owner, row.pages) == (State.INDEXED, None, 1)
    assert row.content_hash == document.content_hash
    assert [hit.file_name for hit in live.index.search("営業").hits] == ["a.txt"]
    assert _left_behind(live) == []


def test_the_same_bytes_under_another_name_are_not_read_again(live: World) -> None:
    live.processor.process(_job(live), _lease(live))
    artifact = live.row("a.txt").artifact_key
    document = live.processor.process(_job(live, "copy.txt"), _lease(live))
    assert document.state is State.INDEXED
    assert live.row("copy.txt").artifact_key == artifact
    assert [hit.also_at for hit in live.index.search("営業").hits] != [()]
    assert b'cis_pages_total{source="file"} 1.0' in live.metrics.render()


def test_the_original_path_is_indexed(live: World) -> None:
    live.clients.s3.put_object(
        Bucket="source", Key="k/1", Body=TEXT, Metadata={"original-path": "/share/%E5%A0%B1%E5%91%8A.txt"}
    )
    document = live.processor.process(live.claim(live.message("k/1")), _lease(live))
    assert document.file_path == "/share/報告.txt"
    assert document.file_name == "報告.txt"


@pytest.mark.parametrize(
    ("key", "data", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("large.txt", b"x" * 1_000_001, "too_large"),
        ("broken.pdf", b"%PDF-1.4 broken", "corrupt"),
        ("thing.bin", bytes(range(256)) * 9, "unsupported_type"),
    ],
)
def test_a_file_without_content_is_found_by_its_name(live: World, key: str, data: bytes, reason: str) -> None:
    document = live.processor.process(_job(live, key, data), _lease(live))
    assert (document.state, document.reason) == (State.NO_CONTENT, reason)
    assert live.row(key).reason == reason
    assert [hit.file_name for hit in live.index.search(key).hits] == [key]


def test_an_object_that_changes_while_it_is_read_is_not_committed(live: World) -> None:
    job = _job(live)
    lease = _lease(live)
    _when(live, "PutObject", lambda: live.put("a.txt", b"another text"))
    with pytest.raises(ObjectChangedError):
        live.processor.process(job, lease)
    assert live.row("a.txt").state is State.PROCESSING
    assert live.index.search("営業").total == 0
    assert _left_behind(live) == []


def test_an_object_that_is_deleted_while_it_is_read_is_started_over(live: World) -> None:
    job = _job(live)
    lease = _lease(live)
    _when(live, "PutObject", lambda: live.clients.s3.delete_object(Bucket="source", Key="a.txt"))
    with pytest.raises(ObjectChangedError):
        live.processor.process(job, lease)


def test_a_worker_that_was_overtaken_writes_nothing(live: World) -> None:
    file = live.put("a.txt", TEXT)
    stale = live.claim(file, message_id="m1")
    live.processor.process(live.claim(file, message_id="m1"), _lease(live))
    live.put("a.txt", b"newer text")
    live.processor.process(live.claim(file, message_id="m2"), _lease(live))
    with pytest.raises((LeaseLostError, ObjectChangedError, UnavailableError)):
        live.processor.process(stale, _lease(live))
    assert live.row("a.txt").fence == 3
    assert live.index.search("newer").total == 1
    assert live.index.search("営業").total == 0


def test_a_lease_that_lapsed_stops_the_work_before_the_commit(live: World) -> None:
    job = _job(live)
    lease = _lease(live)
    lease.lost = True
    with pytest.raises(LeaseLostError):
        live.processor.process(job, lease)
    assert live.row("a.txt").state is State.PROCESSING
    assert _left_behind(live) == []


def test_a_deleted_file_is_hidden_from_search(live: World) -> None:
    live.processor.process(_job(live), _lease(live))
    live.clients.s3.delete_object(Bucket="source", Key="a.txt")
    live.processor.process(live.claim(live.message("a.txt"), message_id="m2"), _lease(live))
    assert live.row("a.txt").state is State.TOMBSTONED
    assert live.index.search("営業").total == 0


def test_a_small_document_costs_seven_calls_of_s3_at_most(live: World) -> None:
    calls: list[str] = []
    live.put("a.txt", TEXT)
    live.clients.s3.meta.events.register(
        "before-send.s3", lambda **details: calls.append(details["event_name"])
    )
    job = live.claim(live.message("a.txt"))
    live.processor.process(job, _lease(live))
    assert 3 < len(calls) <= 7


def test_a_message_of_the_queue_goes_the_same_way(live: World) -> None:
    live.put("a.txt", TEXT)
    live.announce("a.txt")
    live.work()
    assert live.row("a.txt").state is State.INDEXED
    assert live.waiting() == 0


def _when(world: World, operation: str, act: Any, *, call: int = 1) -> None:
    """Do something to the world just before the worker's next call of an S3 operation, or a later one."""
    calls = itertools.count(1)

    def once(**_: Any) -> None:
        if next(calls) == call:
            act()

    world.clients.s3.meta.events.register(f"before-call.s3.{operation}", once)


def test_a_message_whose_file_was_moved_moves_it(live: World) -> None:
    live.put("old.txt", TEXT)
    live.announce("old.txt")
    live.work()
    live.clients.s3.delete_object(Bucket="source", Key="old.txt")
    live.put("new.txt", TEXT)
    moved = {"eventType": "FILE_MOVED", "s3Bucket": "source", "s3Key": "new.txt", "previousS3Key": "old.txt"}
    live.queue.send(json.dumps(moved))
    live.work()
    assert live.row("old.txt").state is State.TOMBSTONED
    assert live.row("new.txt").state is State.INDEXED
    assert live.index.search("営業").total == 1


def test_identity_is_bucket_and_key() -> None:
    one, other = (
        FileMessage(event_type="FILE_UPLOADED", bucket=bucket, key=key)  # type: ignore[arg-type]
        for bucket, key in (("b", "a/c"), ("b/a", "c"))
    )
    assert one.file_id != other.file_id


def test_a_checkpoint_that_cannot_be_removed_does_not_undo_the_commit(live: World) -> None:
    file = live.put("a.txt", TEXT)
    job = live.claim(file)
    assert job.version is not None
    checkpoint = Checkpoint(version=job.version.version, extraction_key="key")
    live.table.save_checkpoint(job.claim, checkpoint)

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    live.clients.s3.meta.events.register_first("before-send.s3.ListObjectsV2", refuse)
    document = live.processor.process(replace(job, checkpoint=checkpoint), _lease(live))
    assert document.state is State.INDEXED
    assert live.row("a.txt").state is State.INDEXED


def test_a_stop_without_time_ends_the_download(live: World) -> None:
    job = _job(live)
    lease = _lease(live)
    live.shutdown.request("test", within_s=0.0)
    with pytest.raises(JobInterrupted):
        live.processor.process(job, lease)
    assert _left_behind(live) == []


def test_an_unavailable_index_does_not_delay_a_document(live: World) -> None:
    live.announce("a.txt")
    live.put("a.txt", TEXT)
    with index_locked(live):
        live.work()
    row = live.row("a.txt")
    assert (row.state, row.index_pending, row.vectors_pending) == (State.INDEXED, True, False)
    assert (row.file_type, row.size_bytes, row.file_path) == ("txt", len(TEXT), "a.txt")
    assert live.waiting() == 0
    assert live.dead_letters() == []
    assert b'cis_documents_pending_total{kind="index"} 1.0' in live.metrics.render()


def test_a_tombstone_may_be_pending_too(live: World) -> None:
    live.processor.process(_job(live), _lease(live))
    live.clients.s3.delete_object(Bucket="source", Key="a.txt")
    job = live.claim(live.message("a.txt"), message_id="m2")
    with index_locked(live):
        live.processor.process(job, _lease(live))
    row = live.row("a.txt")
    assert (row.state, row.index_pending) == (State.TOMBSTONED, True)


def test_the_ledger_has_the_path_that_was_indexed(live: World) -> None:
    live.clients.s3.put_object(
        Bucket="source", Key="k/1", Body=TEXT, Metadata={"original-path": "/share/a.txt"}
    )
    live.processor.process(live.claim(live.message("k/1")), _lease(live))
    assert live.row("k/1").file_path == "/share/a.txt"


def test_a_document_that_the_index_rejects_is_dead_lettered_with_the_reason(
    live: World, tmp_path: Path
) -> None:
    live.attempts.processor = replace(live.processor, index=RejectingIndex(tmp_path / "rejecting.sqlite3"))
    live.put("a.txt", TEXT)
    for _ in range(3):
        # A rejection may be our own fault for a minute, so it is counted and tried again.
        assert live.dead_letters() == []
        live.announce("a.txt")
        live.work()
    row = live.row("a.txt")
    assert (row.state, row.reason, row.index_pending) == (State.DEAD_LETTERED, "index_rejected", False)
    assert [message["code"] for message in live.dead_letters()] == ["index_rejected"]


def test_a_work_folder_that_was_deleted_under_the_worker_is_created_again(live: World) -> None:
    shutil.rmtree(live.local_health.work_root.path)
    assert live.processor.process(_job(live), _lease(live)).state is State.INDEXED


def test_a_file_that_is_deleted_while_it_is_read_is_read_again(live: World) -> None:
    job, lease = _job(live, "broken.pdf", b"%PDF-1.4 broken"), _lease(live)
    _when(live, "GetObject", lambda: shutil.rmtree(live.local_health.work_root.path), call=2)
    with pytest.raises(LocalFaultError):
        live.processor.process(job, lease)
    assert live.row("broken.pdf").state is State.PROCESSING


def test_a_file_whose_process_removes_it_is_a_failure_that_counts(live: World) -> None:
    job, lease = _job(live, "broken.pdf", b"%PDF-1.4 broken"), _lease(live)
    folder = live.local_health.work_root.path
    # The second is for the artifact, when the file was downloaded and its type detected.
    _when(live, "GetObject", lambda: shutil.rmtree(next(folder.glob("document-*"))), call=2)
    with pytest.raises(ProcessingError):
        live.processor.process(job, lease)


def test_a_file_that_can_never_fit_the_disk_is_found_by_its_name(live: World) -> None:
    space = os.statvfs(live.work_root)
    live.local_health.floors = Floors(disk_bytes=space.f_blocks * space.f_frsize)
    document = live.processor.process(_job(live), _lease(live))
    assert (document.state, document.reason) == (State.NO_CONTENT, "too_large")
    assert live.row("a.txt").reason == "too_large"
