"""A worker as a service of systemd: what it says from its start to its end, and who feeds its watchdog."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.unit.lifecycle_parts import make_lifecycle
from tests.unit.service_socket import ServiceSocket, listen
from worker.lifecycle import Lifecycle
from worker.runtime.metric_log import MetricLog
from worker.runtime.systemd.notifier import Notifier
from worker.runtime.systemd.service_manager import ServiceManager
from worker.runtime.systemd.watchdog import Watchdog

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

Messages = list[dict[str, str]]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceSocket]:
    with listen(tmp_path) as made:
        yield made


def run_watched(world: World, manager: ServiceSocket, act: Callable[[Lifecycle, Messages], None]) -> Messages:
    """Run a worker under a watchdog of 2 s, while `act` watches its messages and asks for the stop."""
    messages: Messages = []
    over = threading.Event()
    lifecycle = make_lifecycle(world)
    notifier = Notifier(manager.address)
    lifecycle.manager = ServiceManager(notifier, Watchdog(notifier, timeout_s=2))
    lifecycle.spot.watchdog = lifecycle.manager.watchdog

    def collect() -> None:
        while not over.wait(0.02):
            messages.extend(manager.messages())

    def watch() -> None:
        try:
            act(lifecycle, messages)
        finally:
            lifecycle.shutdown.request("test")

    threads = [threading.Thread(target=target) for target in (collect, watch)]
    for thread in threads:
        thread.start()
    assert lifecycle.run() == 0
    over.set()
    for thread in threads:
        thread.join(60)
    return [*messages, *manager.messages()]


def test_it_is_ready_feeds_and_says_that_it_stops(
    world: World, manager: ServiceSocket, until: Callable[[Callable[[], bool]], None]
) -> None:
    messages = run_watched(world, manager, lambda _, seen: until(lambda: seen.count({"WATCHDOG": "1"}) >= 2))
    named = [message for message in messages if "WATCHDOG" not in message]
    assert named[0] == {"READY": "1", "STATUS": "Receiving; 0 messages in hand"}
    (stopping,) = [number for number, message in enumerate(messages) if message.get("STOPPING") == "1"]
    assert messages[stopping]["STATUS"] == "Draining (test); 0 messages in hand"
    assert int(messages[stopping]["EXTEND_TIMEOUT_USEC"]) >= 1_000_000
    assert messages.index({"WATCHDOG": "1"}) < stopping


def test_a_receive_loop_that_hangs_starves_the_watchdog_and_is_named(
    world: World, manager: ServiceSocket, until: Callable[[Callable[[], bool]], None]
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(**_: Any) -> None:
        hangs.set()
        goes_on.wait(60)

    def act(_: Lifecycle, seen: Messages) -> None:
        try:
            until(lambda: any("READY" in message for message in seen))
            world.clients.sqs.meta.events.register("before-send.sqs.ReceiveMessage", hang)
            assert hangs.wait(60)
            fed = seen.count({"WATCHDOG": "1"})
            until(lambda: any("No progress" in message.get("STATUS", "") for message in seen))
            # One round may have been complete when it hung.
            assert seen.count({"WATCHDOG": "1"}) <= fed + 1
        finally:
            goes_on.set()

    with capture_logs() as lines:
        run_watched(world, manager, act)
    behind = [line["loops"] for line in lines if line["event"] == "loops_without_progress"]
    assert behind[0] == ["receive"]


def test_a_worker_that_waits_for_its_group_has_started(
    world: World, manager: ServiceSocket, until: Callable[[Callable[[], bool]], None]
) -> None:
    def act(lifecycle: Lifecycle, seen: Messages) -> None:
        until(lambda: any("READY" in message for message in seen))
        (ready,) = [message for message in seen if "READY" in message]
        assert ready["STATUS"].startswith("Paused: the Auto Scaling group has this instance in Standby")
        until(lambda: {"WATCHDOG": "1"} in seen)
        assert not lifecycle.shutdown.is_requested

    world.clients.sqs.meta.events.register("before-call.sqs.ReceiveMessage", _refuse_to_receive)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.spot_handler.SpotInterruptionHandler.is_out_of_service", lambda _: True)
        run_watched(world, manager, act)


def _refuse_to_receive(**_: Any) -> None:
    raise AssertionError("it must not receive while it waits")


def test_the_last_metrics_are_written_at_both_ends_of_a_stop(world: World) -> None:
    lifecycle = make_lifecycle(world)
    lifecycle.metric_log = MetricLog(world.metrics, interval_s=3_600)
    lifecycle.shutdown.request("test")
    with capture_logs() as lines:
        assert lifecycle.run() == 0
    events = [line["event"] for line in lines]
    last = len(events) - 1 - events[::-1].index("metrics")
    assert events.count("metrics") >= 2
    assert last < events.index("worker_stopped")
    assert lines[last]["cis_shutdown_requested"] == 1
