"""The watchdog is fed while all loops go on, and by nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from tests.unit.service_socket import ServiceSocket, listen
from worker.runtime.loops import Loop
from worker.runtime.shutdown import Shutdown
from worker.runtime.systemd.notifier import Notifier
from worker.runtime.systemd.watchdog import Watchdog

pytestmark = pytest.mark.unit

FOOD = {"WATCHDOG": "1"}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceSocket]:
    with listen(tmp_path) as made:
        yield made


@pytest.fixture
def watchdog(manager: ServiceSocket, clock: Clock) -> Watchdog:
    made = Watchdog(Notifier(manager.address), timeout_s=100, clock=clock)
    for name in ("main", "receive", "heartbeat"):
        made.watch(name)
    return made


def _report(watchdog: Watchdog, *names: str) -> None:
    for name in names:
        watchdog.report(name)


def test_the_report_that_completes_the_round_feeds(
    watchdog: Watchdog, manager: ServiceSocket, clock: Clock
) -> None:
    clock.now += 30
    _report(watchdog, "main", "receive", "main")
    assert manager.messages() == []
    watchdog.report("heartbeat")
    assert manager.messages() == [FOOD]


def test_each_round_needs_a_report_of_all_again(
    watchdog: Watchdog, manager: ServiceSocket, clock: Clock
) -> None:
    for _ in range(20):
        clock.now += 30
        _report(watchdog, "main", "receive", "heartbeat")
        assert manager.messages() == [FOOD]
    with capture_logs():
        for _ in range(20):
            clock.now += 30
            _report(watchdog, "main", "heartbeat")
    assert FOOD not in manager.messages()


def test_quick_loops_feed_no_more_often_than_a_quarter_of_the_time(
    watchdog: Watchdog, manager: ServiceSocket, clock: Clock
) -> None:
    for _ in range(1_000):
        clock.now += 0.1
        _report(watchdog, "receive", "heartbeat", "main")
    assert 3 <= len(manager.messages()) <= 4


def test_the_loop_that_hangs_is_named_once_in_log_and_status(
    watchdog: Watchdog, manager: ServiceSocket, clock: Clock
) -> None:
    with capture_logs() as lines:
        for _ in range(9):
            clock.now += 10
            _report(watchdog, "main", "receive")
    assert [(line["event"], line["loops"]) for line in lines] == [("loops_without_progress", ["heartbeat"])]
    assert manager.messages() == [{"STATUS": "No progress for 50 s: heartbeat"}]


def test_a_loop_that_has_ended_is_not_waited_for(
    watchdog: Watchdog, manager: ServiceSocket, clock: Clock
) -> None:
    clock.now += 30
    watchdog.forget("receive")
    _report(watchdog, "main", "heartbeat")
    assert manager.messages() == [FOOD]


@pytest.mark.parametrize("timeout_s", [0, -5])
def test_without_a_timeout_nothing_is_fed(manager: ServiceSocket, clock: Clock, timeout_s: float) -> None:
    watchdog = Watchdog(Notifier(manager.address), timeout_s=max(0, timeout_s), clock=clock)
    watchdog.watch("main")
    clock.now += 1_000
    watchdog.report("main")
    assert manager.messages() == []


def test_a_real_loop_that_hangs_in_its_step_starves_it_while_another_goes_on(
    manager: ServiceSocket, clock: Clock, until: Callable[[Callable[[], bool]], None]
) -> None:
    watchdog, shutdown = Watchdog(Notifier(manager.address), timeout_s=4, clock=clock), Shutdown(timeout_s=60)
    hangs, goes_on, over = threading.Event(), threading.Event(), threading.Event()
    steps: list[int] = []

    def hang() -> None:
        hangs.set()
        goes_on.wait(60)

    def step() -> None:
        clock.now += 1
        steps.append(1)
        # Enough of them for a warning and no more; the test ends it.
        over.wait(0.001)

    with capture_logs() as lines:
        threads = [
            Loop(name="stuck", step=hang, is_over=goes_on.is_set, watchdog=watchdog).start(shutdown),
            Loop(name="well", step=step, is_over=over.is_set, watchdog=watchdog).start(shutdown),
        ]
        until(hangs.is_set)
        until(lambda: len(steps) > 20)
        assert FOOD not in manager.messages()
        goes_on.set()
        threads[0].join(60)
        until(lambda: FOOD in manager.messages())
        over.set()
        threads[1].join(60)
    assert {"stuck"} == {name for line in lines for name in line["loops"]}


def test_a_step_that_fails_is_progress(manager: ServiceSocket, clock: Clock) -> None:
    watchdog = Watchdog(Notifier(manager.address), timeout_s=4, clock=clock)
    calls: list[int] = []

    def fail() -> None:
        clock.now += 2
        calls.append(1)
        raise RuntimeError("AWS is unavailable")

    Loop(name="x", step=fail, is_over=lambda: len(calls) == 2, watchdog=watchdog).start(
        Shutdown(timeout_s=60)
    ).join(60)
    assert manager.messages() == [FOOD] * 2
