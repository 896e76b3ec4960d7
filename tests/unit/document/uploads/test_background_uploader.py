"""Uploads in the background: order, bounds, outages, files that vanish, and a stop."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.refusals import refuse
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import NewObject, Spool
from worker.document.uploads.upload_entry import UploadEntry, UploadState
from worker.errors import (
    JobInterrupted,
    LeaseLostError,
    LocalFaultError,
    ServiceRefusedError,
    UnavailableError,
    WorkerError,
)

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _uploader(world: World, *, limit: int = 100) -> BackgroundUploader:
    return BackgroundUploader(
        world.storage,
        Spool(world.local_health.work_root),
        shutdown=world.shutdown,
        metrics=world.metrics,
        random=Random(1),
        limit=limit,
    )


@pytest.fixture
def uploader(world: World) -> BackgroundUploader:
    return _uploader(world)


def _put(uploader: BackgroundUploader, *keys: str, data: bytes = b"x", **more: Any) -> UploadEntry:
    return uploader.put([NewObject(key=key, chunks=(data,)) for key in keys], **more)


def _spooled(world: World) -> list[Path]:
    return list((world.local_health.work_root.path / "uploads").glob("*"))


def _result(world: World, result: str) -> float:
    return float(world.metrics.uploads.labels(result=result)._value.get())


def test_what_is_put_is_uploaded_by_a_step_and_its_file_is_gone(
    world: World, uploader: BackgroundUploader
) -> None:
    entry = _put(uploader, "artifacts/a")
    assert (uploader.pending, world.storage.get("artifacts/a")) == (1, None)
    uploader.step()
    assert (uploader.pending, world.storage.get("artifacts/a")) == (0, b"x")
    assert (entry.state, _spooled(world), _result(world, "saved")) == (UploadState.SAVED, [], 1)


def test_files_go_in_order_and_what_follows_them_comes_last(
    world: World, uploader: BackgroundUploader
) -> None:
    seen: list[list[str]] = []
    _put(uploader, "part", "manifest", after=lambda: seen.append(world.storage.keys("")))
    world.fail("s3", "PutObject", 3, after=1)
    uploader.step()
    assert (world.storage.keys(""), seen) == (["part"], [])
    world.clock.now += 60
    uploader.step()
    assert seen == [["manifest", "part"]]


def test_who_waits_for_an_upload_that_nobody_began_does_it(
    world: World, uploader: BackgroundUploader
) -> None:
    others = [_put(uploader, f"other/{number}") for number in range(5)]
    mine = _put(uploader, "mine")
    uploader.wait(mine, timeout_s=10)
    assert world.storage.keys("") == ["mine"]
    assert {entry.state for entry in others} == {UploadState.WAITING}


def test_an_empty_file_is_uploaded(world: World, uploader: BackgroundUploader) -> None:
    uploader.wait(_put(uploader, "empty", data=b""), timeout_s=10)
    assert world.storage.get("empty") == b""


def test_a_file_that_was_deleted_fails_its_own_upload_only(
    world: World, uploader: BackgroundUploader
) -> None:
    first, second, third = (_put(uploader, key) for key in ("first", "second", "third"))
    Path(second.files[0].path).unlink()
    for _ in range(3):
        uploader.step()
    assert [entry.state.value for entry in (first, second, third)] == ["saved", "failed", "saved"]
    with pytest.raises(LocalFaultError, match="was removed") as raised:
        uploader.wait(second, timeout_s=1)
    assert raised.value.code == "local_fault"
    assert world.storage.keys("") == ["first", "third"]


def test_a_lost_network_is_waited_for_and_nothing_is_lost(world: World, uploader: BackgroundUploader) -> None:
    entries = [_put(uploader, f"a/{number}") for number in range(3)]
    world.fail("s3", "PutObject", 4 * 3)
    tries, pauses = 0, []
    while uploader.pending:
        before = world.clock.now
        while uploader._pause.left_s:
            world.clock.now += 0.5
        pauses.append(world.clock.now - before)
        uploader.step()
        tries += 1
        assert tries < 20
    assert pauses[1:4] == sorted(pauses[1:4])
    assert len(world.storage.keys("a/")) == 3
    assert {entry.state for entry in entries} == {UploadState.SAVED}
    assert _result(world, "postponed") == 4


def test_throttling_is_waited_for_and_counts_as_no_failure(
    world: World, uploader: BackgroundUploader
) -> None:
    entry = _put(uploader, "a")
    with refuse(world, "s3", "PutObject", status=503, code="SlowDown"):
        uploader.step()
    assert (uploader.pending, entry.tries) == (1, 1)
    world.clock.now += 60
    uploader.step()
    assert (uploader.pending, entry.state) == (0, UploadState.SAVED)


def test_a_wait_ends_in_time_and_the_upload_goes_on(world: World, uploader: BackgroundUploader) -> None:
    entry = _put(uploader, "a")
    world.fail("s3", "PutObject", 3)

    def pass_time() -> None:
        world.clock.now += 0.6

    # The pause after the first try is longer than the wait.
    with pytest.raises(UnavailableError, match=r"a was not written in time.*connect"):
        uploader.wait(entry, timeout_s=0.5, check=pass_time)
    assert entry.state is UploadState.WAITING
    world.clock.now += 60
    uploader.step()
    assert world.storage.get("a") == b"x"


def test_a_wait_can_be_ended_by_its_check(world: World, uploader: BackgroundUploader) -> None:
    entry = _put(uploader, "a")
    world.fail("s3", "PutObject")

    def lose() -> None:
        raise LeaseLostError("lost")

    with pytest.raises(LeaseLostError):
        uploader.wait(entry, timeout_s=60, check=lose)


def test_an_object_that_s3_never_takes_fails_in_the_end(world: World, uploader: BackgroundUploader) -> None:
    entry = _put(uploader, "a")
    world.fail("s3", "PutObject")
    for _ in range(20):
        world.clock.now += 60
        uploader.step()
    assert (entry.state, uploader.pending, _spooled(world)) == (UploadState.FAILED, 0, [])


def test_a_refused_bucket_is_not_tried_again(world: World, uploader: BackgroundUploader) -> None:
    entry = _put(uploader, "a")
    with refuse(world, "s3", "PutObject"), pytest.raises(ServiceRefusedError):
        uploader.wait(entry, timeout_s=10)
    assert uploader.pending == 0


def test_what_follows_is_not_repeated_and_its_error_is_raised(
    world: World, uploader: BackgroundUploader
) -> None:
    def refuse_it() -> None:
        raise UnavailableError("the ledger is down")

    entry = _put(uploader, "a", after=refuse_it)
    uploader.step()
    with pytest.raises(UnavailableError, match="ledger"):
        uploader.wait(entry, timeout_s=10)
    assert uploader.pending == 0


def test_a_full_queue_refuses_after_a_while_and_takes_more_when_there_is_room(world: World) -> None:
    uploader = _uploader(world, limit=2)
    for number in range(2):
        _put(uploader, f"a/{number}")
    with pytest.raises(UnavailableError, match=r"2 uploads to bucket results.*CIS_MAX_PENDING_UPLOADS"):
        _put(uploader, "late", timeout_s=0)
    assert len(_spooled(world)) == 2
    uploader.step()
    _put(uploader, "late", timeout_s=0)
    assert uploader.pending == 2


def test_a_stop_and_a_lost_lease_end_the_wait_for_room(world: World) -> None:
    uploader = _uploader(world, limit=1)
    _put(uploader, "a")

    def lose() -> None:
        raise LeaseLostError("lost")

    with pytest.raises(LeaseLostError):
        _put(uploader, "b", check=lose)
    world.shutdown.request("signal")
    with pytest.raises(UnavailableError):
        _put(uploader, "c")
    assert len(_spooled(world)) == 1


def test_fifteen_thousand_uploads_wait_in_little_memory(world: World) -> None:
    uploader = _uploader(world, limit=20_000)
    used = 0
    for thousand in range(15):
        if thousand == 14:
            tracemalloc.start()
        for number in range(1_000):
            key = f"checkpoints/{'f' * 64}/{'v' * 32}/{thousand}{number:06d}"
            _put(uploader, key, data=b"x" * 4_000)
        if thousand == 14:
            used = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
    assert uploader.pending == 15_000
    assert 100 < used / 1_000 < 2_000
    uploader.wait(_put(uploader, "mine"), timeout_s=10)
    assert uploader.close() == 15_000
    assert (uploader.pending, _spooled(world)) == (0, [])


def test_an_upload_that_waits_can_be_cancelled(world: World, uploader: BackgroundUploader) -> None:
    entry = _put(uploader, "a", after=lambda: pytest.fail("it was called"))
    assert uploader.cancel(entry)
    assert (uploader.pending, _spooled(world), world.storage.keys("")) == (0, [], [])
    with pytest.raises(JobInterrupted):
        uploader.wait(entry, timeout_s=1)


def test_nothing_follows_an_upload_that_was_cancelled_while_it_ran(
    world: World, uploader: BackgroundUploader
) -> None:
    entry = _put(uploader, "part", "manifest", after=lambda: pytest.fail("it was called"))
    world.clients.s3.meta.events.register_first(
        "before-send.s3.PutObject", lambda **_: _cancel(uploader, entry)
    )
    uploader.step()
    assert (entry.state, world.storage.keys(""), _spooled(world)) == (UploadState.CANCELLED, ["part"], [])


def _cancel(uploader: BackgroundUploader, entry: UploadEntry) -> None:
    uploader.cancel(entry)


def test_threads_upload_while_others_put_and_wait(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    uploader, over = _uploader(world, limit=20), threading.Event()
    world.clock.now = 0.0
    errors: list[WorkerError] = []

    def serve() -> None:
        while not (over.is_set() and not uploader.pending):
            uploader.step(wait_s=0.02)

    def work(worker: int) -> None:
        try:
            for number in range(10):
                entry = _put(uploader, f"a/{worker}-{number}")
                if number % 2:
                    uploader.wait(entry, timeout_s=60)
        except WorkerError as error:
            errors.append(error)

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(2)]
    threads += [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: not any(thread.is_alive() for thread in threads[2:]))
    over.set()
    until(lambda: not any(thread.is_alive() for thread in threads))
    assert errors == []
    assert len(world.storage.keys("a/")) == 40
    assert _spooled(world) == []
