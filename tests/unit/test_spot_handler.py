"""Notices of the metadata service become a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from tests.unit.runtime.test_metrics import parse_figures
from worker.aws.instance_metadata import InstanceMetadata
from worker.embedded.metadata_server import MetadataServer
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.spot_handler import SpotInterruptionHandler

pytestmark = pytest.mark.unit


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    with MetadataServer() as running:
        yield running


@pytest.fixture
def shutdown() -> Shutdown:
    return Shutdown(timeout_s=110)


@pytest.fixture
def handler(server: MetadataServer, shutdown: Shutdown) -> SpotInterruptionHandler:
    return SpotInterruptionHandler(InstanceMetadata(server.url), shutdown, Metrics())


def test_no_notice_is_the_all_clear(handler: SpotInterruptionHandler, shutdown: Shutdown) -> None:
    assert handler.check_interruption_notice() is False
    handler.step()
    assert not shutdown.is_requested
    assert not handler.interruption_expected


@pytest.mark.parametrize("action", ["terminate", "stop", "hibernate"])
def test_a_notice_stops_the_worker_within_the_time_it_leaves(
    server: MetadataServer, handler: SpotInterruptionHandler, shutdown: Shutdown, action: str
) -> None:
    server.control({"instance_action": {"action": action, "in_s": 30}})
    assert handler.check_interruption_notice() is True
    assert handler.termination_time is not None
    handler.step()
    assert shutdown.stop is not None
    assert shutdown.stop.reason == "spot interruption"
    assert 20 < shutdown.stop.deadline - shutdown.now() < 30


def test_a_notice_whose_time_is_past_by_our_clock_leaves_enough_to_requeue(
    server: MetadataServer, handler: SpotInterruptionHandler, shutdown: Shutdown
) -> None:
    server.control({"instance_action": {"action": "terminate", "in_s": -500}})
    handler.step()
    assert shutdown.stop is not None
    assert 5 < shutdown.stop.deadline - shutdown.now() <= 10


def test_the_callback_is_called_once(server: MetadataServer, shutdown: Shutdown) -> None:
    calls: list[str] = []
    handler = SpotInterruptionHandler(InstanceMetadata(server.url), shutdown, Metrics())
    handler.on_interrupt_callback = lambda: calls.append("called")
    server.control({"instance_action": {"action": "terminate", "in_s": 60}})
    handler.step()
    handler.step()
    assert calls == ["called"]


def test_a_callback_that_fails_does_not_keep_the_worker_from_stopping(
    server: MetadataServer, shutdown: Shutdown
) -> None:
    def fail() -> None:
        raise ValueError("no")

    handler = SpotInterruptionHandler(
        InstanceMetadata(server.url), shutdown, Metrics(), on_interrupt_callback=fail
    )
    server.control({"instance_action": {"action": "terminate", "in_s": 60}})
    with capture_logs() as lines:
        handler.step()
    assert shutdown.is_requested
    assert "interrupt_callback_failed" in [line["event"] for line in lines]


def test_a_rebalance_recommendation_only_makes_an_interruption_expected(
    server: MetadataServer, handler: SpotInterruptionHandler, shutdown: Shutdown
) -> None:
    server.control({"rebalance": True})
    handler.step()
    assert handler.interruption_expected
    assert not shutdown.is_requested


@pytest.mark.parametrize(
    ("state", "reason", "is_leaving"),
    [
        ("Terminated", "scale-in", True),
        ("Detached", "detached", False),
        ("Standby", "standby", False),
        ("Warmed:Stopped", "warm pool", True),
        ("Warmed:Terminated", "warm pool", True),
        ("Warmed:Running", "warm pool", True),
        ("Warmed:Hibernated", "warm pool", True),
    ],
)
def test_an_instance_the_group_takes_out_of_service_stops(
    server: MetadataServer, shutdown: Shutdown, state: str, reason: str, *, is_leaving: bool
) -> None:
    calls: list[str] = []
    handler = SpotInterruptionHandler(
        InstanceMetadata(server.url), shutdown, Metrics(), on_interrupt_callback=lambda: calls.append(state)
    )
    server.control({"lifecycle_state": state})
    handler.step()
    assert shutdown.stop is not None
    assert (shutdown.stop.reason, shutdown.stop.is_leaving) == (reason, is_leaving)
    assert handler.is_leaving is is_leaving
    assert calls == [state]


@pytest.mark.parametrize("state", ["InService", "Pending:Wait", "Unknown"])
def test_an_instance_in_service_goes_on(
    server: MetadataServer, handler: SpotInterruptionHandler, shutdown: Shutdown, state: str
) -> None:
    server.control({"lifecycle_state": state})
    handler.step()
    assert not shutdown.is_requested
    assert not handler.is_out_of_service()


@pytest.mark.parametrize(
    ("state", "is_out"), [("Standby", True), ("Warmed:Running", True), ("Terminated", False)]
)
def test_a_parked_instance_is_known_before_the_first_receive(
    server: MetadataServer, handler: SpotInterruptionHandler, state: str, *, is_out: bool
) -> None:
    server.control({"lifecycle_state": state})
    assert handler.is_out_of_service() is is_out
    server.control({"faults": [503]})
    assert not handler.is_out_of_service()


def test_a_notice_uses_the_time_until_a_signal_follows(
    server: MetadataServer, handler: SpotInterruptionHandler, shutdown: Shutdown
) -> None:
    server.control({"instance_action": {"action": "terminate", "in_s": 60}})
    handler.step()
    assert shutdown.stop is not None
    assert shutdown.stop.is_leaving
    shutdown.hurry()
    assert not shutdown.stop.is_leaving


def test_an_unreachable_service_makes_an_interruption_expected_and_never_stops_the_worker(
    server: MetadataServer, shutdown: Shutdown
) -> None:
    metrics = Metrics()
    handler = SpotInterruptionHandler(InstanceMetadata(server.url, timeout_s=0.2), shutdown, metrics)
    handler.step()
    server.control({"faults": [503] * 8})
    for _ in range(4):
        handler.step()
    assert handler.interruption_expected
    assert not shutdown.is_requested
    assert b"cis_metadata_unreachable 1.0" in metrics.render()


def test_a_service_that_was_never_reached_makes_no_interruption_expected(shutdown: Shutdown) -> None:
    handler = SpotInterruptionHandler(
        InstanceMetadata("http://127.0.0.1:9", timeout_s=0.2), shutdown, Metrics()
    )
    for _ in range(5):
        handler.step()
    assert not handler.interruption_expected


def test_the_monitor_thread_handles_a_notice_and_can_be_stopped(
    server: MetadataServer, shutdown: Shutdown, until: Callable[[Callable[[], bool]], None]
) -> None:
    handler = SpotInterruptionHandler(InstanceMetadata(server.url), shutdown, Metrics(), check_interval=0.05)
    handler.start_monitoring()
    server.control({"instance_action": {"action": "terminate", "in_s": 60}})
    until(lambda: shutdown.is_requested)
    handler.stop_monitoring()
    assert shutdown.stop is not None
    assert shutdown.stop.reason == "spot interruption"


def test_each_kind_of_notice_is_counted_once(server: MetadataServer, shutdown: Shutdown) -> None:
    metrics = Metrics()
    handler = SpotInterruptionHandler(InstanceMetadata(server.url), shutdown, metrics)
    for changes in ({"rebalance": True}, {"instance_action": {"action": "terminate", "in_s": 60}}):
        server.control(changes)
        handler.step()
        handler.step()
    figures = parse_figures(metrics)
    for kind, times in (("rebalance", 1), ("spot", 1), ("scale_in", 0), ("signal", 0)):
        assert figures["cis_interruptions_total", (("kind", kind),)] == times


def test_a_scale_in_is_counted_once(server: MetadataServer, shutdown: Shutdown) -> None:
    metrics = Metrics()
    handler = SpotInterruptionHandler(InstanceMetadata(server.url), shutdown, metrics)
    server.control({"lifecycle_state": "Terminated"})
    handler.step()
    handler.step()
    assert parse_figures(metrics)["cis_interruptions_total", (("kind", "scale_in"),)] == 1
