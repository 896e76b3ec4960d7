"""A refusal stops the worker only when it lasts; until then it is received from time to time."""

from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.errors import ServiceRefusedError, UnavailableError, WorkerError
from worker.resilience.resource_monitor import ResourceMonitor

pytestmark = pytest.mark.unit

DENIED = ServiceRefusedError("Could not call UpdateItem on the table: AccessDenied.")
AWAY = UnavailableError("no answer")


@pytest.fixture
def failures() -> list[Exception]:
    return []


@pytest.fixture
def monitor(clock: Clock, failures: list[Exception]) -> ResourceMonitor:
    return ResourceMonitor(limit_s=180, fail=failures.append, clock=clock)


def refuse_for(monitor: ResourceMonitor, clock: Clock, seconds: int, operation: str = "UpdateItem") -> None:
    for _ in range(seconds // 10 + 1):
        monitor.on_error("table", operation, DENIED)
        clock.now += 10


def test_a_minute_of_refusals_does_not_stop_the_worker(
    monitor: ResourceMonitor, clock: Clock, failures: list[Exception]
) -> None:
    refuse_for(monitor, clock, 60)
    monitor.on_success("table", "UpdateItem")
    refuse_for(monitor, clock, 170)
    assert failures == []


def test_refusals_that_last_stop_it(
    monitor: ResourceMonitor, clock: Clock, failures: list[Exception]
) -> None:
    refuse_for(monitor, clock, 170)
    assert failures == []
    monitor.on_error("table", "UpdateItem", DENIED)
    assert failures == [DENIED]


def test_the_success_of_another_call_does_not_end_a_refusal(
    monitor: ResourceMonitor, clock: Clock, failures: list[Exception]
) -> None:
    for _ in range(19):
        monitor.on_error("table", "UpdateItem", DENIED)
        monitor.on_success("table", "GetItem")
        monitor.on_success("results bucket", "UpdateItem")
        clock.now += 10
    assert failures == [DENIED]


def test_two_refusals_far_apart_do_not_last(
    monitor: ResourceMonitor, clock: Clock, failures: list[Exception]
) -> None:
    monitor.on_error("dead-letter queue", "SendMessage", DENIED)
    clock.now += 10_000
    monitor.on_error("dead-letter queue", "SendMessage", DENIED)
    assert failures == []


def test_an_outage_never_stops_it_and_breaks_the_row(
    monitor: ResourceMonitor, clock: Clock, failures: list[Exception]
) -> None:
    for _ in range(100):
        monitor.on_error("table", "UpdateItem", AWAY)
        clock.now += 10
    refuse_for(monitor, clock, 170)
    assert failures == []


def test_a_resource_that_does_not_exist_stops_it_at_once_unless_it_answered_before(
    monitor: ResourceMonitor, failures: list[Exception]
) -> None:
    monitor.on_success("queue", "ReceiveMessage")
    monitor.on_error("queue", "ReceiveMessage", DENIED, is_missing=True)
    assert failures == []
    monitor.on_error("table", "GetItem", DENIED, is_missing=True)
    assert failures == [DENIED]


@pytest.mark.parametrize("error", [DENIED, AWAY], ids=["refusal", "outage"])
def test_one_message_at_a_time_is_received_with_growing_pauses(
    monitor: ResourceMonitor, clock: Clock, error: WorkerError
) -> None:
    assert monitor.places(4) == 4
    began, received = clock.now, []
    for _ in range(60):
        monitor.on_error("table", "GetItem", error)
        if places := monitor.places(4):
            received.append((clock.now - began, places))
        clock.now += 1
    assert received == [(1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (26, 1), (36, 1), (46, 1), (56, 1)]
    monitor.on_success("table", "GetItem")
    assert monitor.places(4) == 4
    monitor.on_error("table", "GetItem", error)
    assert monitor.places(4) == 0
    clock.now += 1
    assert monitor.places(4) == 1


def test_a_call_that_failed_and_is_not_made_again_is_forgotten(
    monitor: ResourceMonitor, clock: Clock
) -> None:
    monitor.on_error("dead-letter queue", "SendMessage", DENIED)
    clock.now += 60
    assert monitor.places(4) == 4
    assert monitor.troubles() == []


def test_receiving_goes_on_without_the_index_and_a_lasting_refusal_stops_it(
    monitor: ResourceMonitor, clock: Clock, failures: list[Exception]
) -> None:
    for _ in range(19):
        monitor.on_error("index", "write", DENIED, is_needed=False)
        assert monitor.places(4) == 4
        clock.now += 10
    assert failures == [DENIED]


def test_what_blocks_every_file_elsewhere_slows_the_receiving(monitor: ResourceMonitor, clock: Clock) -> None:
    assert monitor.places(4, is_blocked=True) == 1
    assert monitor.places(4, is_blocked=True) == 0
    clock.now += 1
    assert monitor.places(4, is_blocked=True) == 1
    assert monitor.places(4) == 4


def test_troubles_say_what_fails_why_and_since_when(monitor: ResourceMonitor, clock: Clock) -> None:
    monitor.on_error("table", "UpdateItem", DENIED)
    clock.now += 7
    (trouble,) = monitor.troubles()
    assert (trouble.resource, trouble.operation, trouble.code) == ("table", "UpdateItem", "misconfigured")
    assert (trouble.message, trouble.lasting_s) == (str(DENIED), 7)
