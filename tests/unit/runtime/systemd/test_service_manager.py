"""What systemd hears of a worker's life, and what it does not hear."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.clock import Clock
from tests.unit.service_socket import ServiceSocket, listen
from worker.config import service_manager_environment
from worker.runtime.systemd.notifier import Notifier
from worker.runtime.systemd.service_manager import ServiceManager

pytestmark = pytest.mark.unit


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceSocket]:
    with listen(tmp_path) as made:
        yield made


@pytest.fixture
def service(manager: ServiceSocket, clock: Clock) -> ServiceManager:
    return ServiceManager(Notifier(manager.address), clock=clock)


def test_ready_is_said_once(service: ServiceManager, manager: ServiceSocket) -> None:
    service.ready("Receiving")
    service.ready("Receiving again")
    assert manager.messages() == [{"READY": "1", "STATUS": "Receiving"}]


def test_a_state_is_shown_when_it_changes_and_not_many_times_a_second(
    service: ServiceManager, manager: ServiceSocket, clock: Clock
) -> None:
    service.ready("0 in hand")
    shown = []
    for number in range(200):
        clock.now += 0.1
        service.show(f"{number} in hand" if number < 100 else "idle")
        shown += manager.messages()
    # Every two seconds of the ten in which it changed.
    assert len(shown) <= 7
    assert shown[-1] == {"STATUS": "idle"}


def test_a_drain_asks_for_more_time_again_and_again(
    service: ServiceManager, manager: ServiceSocket, clock: Clock
) -> None:
    service.draining("not yet")
    service.stopping("Draining")
    (first,) = manager.messages()
    others = []
    for _ in range(300):
        clock.now += 0.2
        service.draining("Draining; 1 in hand")
        others += manager.messages()
    assert first == {"STOPPING": "1", "STATUS": "Draining", "EXTEND_TIMEOUT_USEC": "30000000"}
    # Each lasts far beyond the next.
    assert 10 <= len(others) <= 12
    assert {message["EXTEND_TIMEOUT_USEC"] for message in others} == {"30000000"}


def test_the_watchdog_is_that_of_this_process(manager: ServiceSocket) -> None:
    def timeout_s(**variables: str) -> float:
        environment = {"NOTIFY_SOCKET": manager.address, **variables}
        return ServiceManager.of_environment(environment).watchdog.timeout_s

    assert timeout_s(WATCHDOG_USEC="180000000", WATCHDOG_PID=str(os.getpid())) == 180
    assert timeout_s(WATCHDOG_USEC="180000000") == 180
    assert timeout_s(WATCHDOG_USEC="180000000", WATCHDOG_PID="1") == 0
    assert timeout_s(WATCHDOG_USEC="soon") == timeout_s(WATCHDOG_USEC="-1") == timeout_s() == 0


def test_without_systemd_nothing_is_sent_or_watched() -> None:
    service = ServiceManager.of_environment({"WATCHDOG_USEC": "1000000"})
    service.ready("x")
    service.show("y")
    service.stopping("z")
    assert service.watchdog.timeout_s == 0


def test_the_variables_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    assert service_manager_environment() == {}
    monkeypatch.setenv("NOTIFY_SOCKET", "@x")
    monkeypatch.setenv("WATCHDOG_USEC", "")
    assert service_manager_environment() == {"NOTIFY_SOCKET": "@x"}
