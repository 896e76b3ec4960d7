"""Protected while there is work, and a minute longer; no failure of it disturbs anything."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from worker.embedded.autoscaling_server import AutoScalingServer
from worker.fleet.membership import Membership
from worker.fleet.scale_in_protection import ScaleInProtection
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


@pytest.fixture
def protection(membership: Membership, clock: Clock) -> ScaleInProtection:
    return ScaleInProtection(membership=membership, is_busy=lambda: True, metrics=Metrics(), clock=clock)


def _calls(server: AutoScalingServer) -> int:
    counts: Any = server.stats()["calls"]
    return int(counts.get("SetInstanceProtection", 0))


def test_it_is_set_with_the_first_document_and_once(
    server: AutoScalingServer, protection: ScaleInProtection
) -> None:
    for _ in range(5):
        protection.step()
    assert server.stats()["is_protected"]
    assert _calls(server) == 1
    assert b"cis_scale_in_protected 1.0" in protection.metrics.render()


def test_it_is_taken_off_after_a_minute_without_documents(
    server: AutoScalingServer, protection: ScaleInProtection, clock: Clock
) -> None:
    protection.step()
    protection.is_busy = lambda: False
    protection.step()
    clock.now += 59
    protection.step()
    assert server.stats()["is_protected"]
    clock.now += 1
    protection.step()
    assert not server.stats()["is_protected"]


def test_a_document_within_the_minute_starts_it_anew(
    server: AutoScalingServer, protection: ScaleInProtection, clock: Clock
) -> None:
    busy = [True]
    protection.is_busy = lambda: busy[0]
    for is_busy in (True, False, True, False):
        busy[0] = is_busy
        protection.step()
        clock.now += 40
    protection.step()
    assert server.stats()["is_protected"]
    assert _calls(server) == 1


def test_what_a_killed_predecessor_left_is_taken_off(
    server: AutoScalingServer, protection: ScaleInProtection, clock: Clock
) -> None:
    protection.step()
    successor = ScaleInProtection(
        membership=protection.membership, is_busy=lambda: False, metrics=Metrics(), clock=clock
    )
    successor.step()
    clock.now += 60
    successor.step()
    assert not server.stats()["is_protected"]


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer", 503, "throttle"])
def test_a_call_that_failed_is_repeated_after_a_while(
    server: AutoScalingServer, protection: ScaleInProtection, clock: Clock, fault: str | int
) -> None:
    server.control({"faults": [fault]})
    protection.step()
    protection.step()
    assert _calls(server) == 1
    clock.now += 10
    protection.step()
    assert server.stats()["is_protected"]
    assert _calls(server) == 2


def test_a_refusal_is_reported_once(
    server: AutoScalingServer, protection: ScaleInProtection, clock: Clock
) -> None:
    server.control({"faults": ["deny"] * 5})
    with capture_logs() as lines:
        for _ in range(5):
            protection.step()
            clock.now += 60
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["protection_refused"]
    protection.step()
    assert server.stats()["is_protected"]


def test_a_stop_takes_it_off(server: AutoScalingServer, protection: ScaleInProtection) -> None:
    protection.release()
    assert _calls(server) == 0
    protection.step()
    protection.release()
    assert not server.stats()["is_protected"]
