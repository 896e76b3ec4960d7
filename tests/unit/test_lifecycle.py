"""A worker from its first thread to its last, in this process, on the fake AWS."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from structlog.testing import capture_logs

from tests.unit.index_lock import index_locked
from tests.unit.lifecycle_parts import make_lifecycle
from tests.unit.refusals import refuse
from worker.delivery.local_health import Floors
from worker.errors import MisconfiguredError
from worker.models.ledger import State
from worker.runtime.process_record import ProcessRecord
from worker.worker_loops import SideLoop

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_it_works_until_a_stop_is_requested(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.sandbox.start()
    lifecycle = make_lifecycle(world)
    for number in range(5):
        world.put(f"{number}.txt", f"text {number}".encode())
        world.announce(f"{number}.txt")

    def stop_when_done() -> None:
        try:
            until(lambda: sum(row.is_finished for row in world.table.rows()) == 5)
        finally:
            lifecycle.shutdown.request("test")

    watcher = threading.Thread(target=stop_when_done)
    watcher.start()
    assert lifecycle.run() == 0
    watcher.join()
    world.sandbox.close()
    assert {row.state for row in world.table.rows()} == {State.INDEXED}
    assert world.waiting() == 0
    assert world.index.search("text").total == 5


def test_what_runs_beside_the_documents_is_closed_after_its_last_step(world: World) -> None:
    lifecycle = make_lifecycle(world)
    order: list[str] = []

    def step() -> None:
        order.append("step")
        lifecycle.shutdown.request("test")

    lifecycle.side_loops = (
        SideLoop(name="side", step=step, interval_s=600, lasts=True, close=lambda: order.append("close")),
    )
    assert lifecycle.run() == 0
    assert order == ["step", "close"]


def test_an_error_that_an_operator_must_fix_is_a_failure(world: World) -> None:
    world.clients.sqs.delete_queue(QueueUrl=world.queue_url)
    assert make_lifecycle(world).run() == 1


def test_it_is_ready_while_it_polls_and_not_when_it_stops(world: World) -> None:
    lifecycle = make_lifecycle(world)
    assert lifecycle.readiness()[0] is False
    world.consumer.step()
    assert lifecycle.readiness()[0] is True
    lifecycle.shutdown.request("test")
    ready, details = lifecycle.readiness()
    assert ready is False
    assert details["stopping"] is True


def test_it_is_not_ready_while_its_only_bucket_refuses_all_files(world: World) -> None:
    world.source_buckets = ("source",)
    lifecycle = make_lifecycle(world)
    for key in ("a", "b"):
        world.put(key, b"")
        world.announce(key)
    with refuse(world, "s3", "HeadObject"):
        world.work()
    ready, details = lifecycle.readiness()
    assert not ready
    (source,) = cast("list[dict[str, object]]", details["sources_refused"])
    assert (source["bucket"], source["is_out"], source["code"]) == ("source", True, "source_forbidden")
    assert not lifecycle.shutdown.is_requested


def test_a_machine_that_cannot_work_is_not_ready_and_says_why(world: World) -> None:
    lifecycle = make_lifecycle(world)
    world.consumer.step()
    world.local_health.floors = Floors(disk_bytes=2**62)
    world.clock.now += 1
    world.consumer.step()
    ready, details = lifecycle.readiness()
    assert ready is False
    assert "CIS_MIN_FREE_DISK_BYTES" in str(details["paused"])


def test_a_stop_that_leaves_an_attempt_behind_says_so_and_releases_its_message(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    hangs, may_end = threading.Event(), threading.Event()

    def hang(**_: Any) -> None:
        hangs.set()
        may_end.wait(60)

    world.clients.s3.meta.events.register("before-send.s3.HeadObject", hang)
    world.put("a")
    world.announce("a")
    lifecycle = make_lifecycle(world, timeout_s=4)
    watcher = threading.Thread(target=lambda: (hangs.wait(60), lifecycle.shutdown.request("test")))
    watcher.start()
    with capture_logs() as lines:
        assert lifecycle.run() == 75
    may_end.set()
    watcher.join()
    (report,) = [line for line in lines if line["event"] == "worker_stopped"]
    assert (report["status"], report["state_saved"], report["messages_unsettled"]) == (
        "INCOMPLETE_SHUTDOWN",
        False,
        1,
    )
    until(lambda: bool(world.queue.receive(limit=1, wait_s=0)))


def test_a_stop_that_could_not_delete_a_message_is_not_called_graceful(world: World) -> None:
    world.put("empty", b"")
    world.announce("empty")
    lifecycle = make_lifecycle(world, timeout_s=4)
    world.settlement.shutdown = lifecycle.shutdown
    world.consumer.step()
    world.fail("sqs", "DeleteMessageBatch")
    lifecycle.shutdown.request("test")
    with capture_logs() as lines:
        assert lifecycle.run() == 75
    (report,) = [line for line in lines if line["event"] == "worker_stopped"]
    assert report["status"] == "INCOMPLETE_SHUTDOWN"


def test_a_port_in_use_is_reported(world: World) -> None:
    lifecycle = make_lifecycle(world)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        lifecycle.http_port = taken.getsockname()[1]
        with pytest.raises(MisconfiguredError, match="CIS_HTTP_PORT"):
            lifecycle.run()


def test_the_health_server_answers_while_it_runs(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lifecycle = make_lifecycle(world)
    lifecycle.http_port = port
    answers: list[dict[str, object]] = []

    def ask() -> None:
        try:
            until(lambda: _answers(port))
            answers.append(requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).json())
        finally:
            lifecycle.shutdown.request("test")

    watcher = threading.Thread(target=ask)
    watcher.start()
    assert lifecycle.run() == 0
    watcher.join()
    assert answers[0]["stopping"] is False


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).ok
    except requests.ConnectionError:
        return False


def test_pending_rows_are_completed_and_the_wait_for_more_ends_at_a_stop(
    live: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    live.put("a.txt", b"text")
    live.announce("a.txt")
    with index_locked(live):
        live.work()
    assert live.row("a.txt").index_pending
    lifecycle = make_lifecycle(live)

    def stop_when_completed() -> None:
        try:
            until(lambda: not live.row("a.txt").pending)
        finally:
            lifecycle.shutdown.request("test")

    watcher = threading.Thread(target=stop_when_completed)
    watcher.start()
    assert lifecycle.run() == 0
    watcher.join()
    assert live.index.search("text").total == 1
    assert "replayer-0" not in [thread.name for thread in threading.enumerate()]


def test_what_a_dead_predecessor_held_is_suspect_before_anything_is_received(world: World) -> None:
    job = world.claim(world.put("file", b""))
    dead = ProcessRecord(world.work_root / "state", deployment="d", boot_id="boot")
    held = dead.hold(job.claim)
    held.__enter__()
    os.close(dead._lock)
    was_suspect: list[bool] = []
    lifecycle = make_lifecycle(world)

    def stop(**_: object) -> None:
        was_suspect.append(world.row("file").is_suspect)
        lifecycle.shutdown.request("test")

    world.clients.sqs.meta.events.register("before-call.sqs.ReceiveMessage", stop)
    assert lifecycle.run() == 0
    assert was_suspect[0]


def test_a_worker_that_stops_is_no_longer_on_record(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.put("empty", b"")
    world.announce("empty")
    go_on = threading.Event()
    on_record: list[int] = []

    def count() -> int:
        return sum(path.is_file() for path in (world.work_root / "state").rglob("*"))

    def hold_up(**_: object) -> None:
        on_record.append(count())
        # The head before the commit: the file is held.
        if len(on_record) == 2:
            lifecycle.shutdown.request("test")
            go_on.wait(60)

    world.clients.s3.meta.events.register("before-call.s3.HeadObject", hold_up)
    lifecycle = make_lifecycle(world)

    def release() -> None:
        until(lambda: len(on_record) == 2 and count() == 0)
        go_on.set()

    watcher = threading.Thread(target=release)
    watcher.start()
    assert lifecycle.run() == 0
    watcher.join()
    assert on_record == [0, 1]
    assert world.row("empty").state is State.NO_CONTENT
