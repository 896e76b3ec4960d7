"""The lifecycle action is completed once in effect, whatever is lost, and never holds a stop."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from worker.embedded.autoscaling_server import AutoScalingServer
from worker.fleet.lifecycle_hook import LifecycleHook
from worker.fleet.membership import Membership
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


@pytest.fixture
def hook(membership: Membership, clock: Clock) -> LifecycleHook:
    return LifecycleHook(
        membership=membership, is_leaving=lambda: True, metrics=Metrics(), clock=clock, wait=clock.wait
    )


def _count(server: AutoScalingServer, kind: str, operation: str) -> int:
    counts: Any = server.stats()[kind]
    return int(counts.get(operation, 0))


def test_it_is_completed(server: AutoScalingServer, hook: LifecycleHook) -> None:
    server.control({"waiting": True})
    assert hook.complete(within_s=10)
    assert not server.stats()["waiting"]
    assert b'cis_lifecycle_actions_total{result="completed"} 1.0' in hook.metrics.render()


@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
def test_it_is_completed_once_though_the_first_answer_was_lost(
    server: AutoScalingServer, hook: LifecycleHook, fault: str
) -> None:
    server.control({"waiting": True, "faults": [fault]})
    assert hook.complete(within_s=10)
    assert _count(server, "calls", "CompleteLifecycleAction") == 2
    assert _count(server, "effects", "CompleteLifecycleAction") == 1


@pytest.mark.parametrize("fault", ["lose_request", 503, "throttle"])
def test_a_call_that_had_no_effect_is_repeated(
    server: AutoScalingServer, hook: LifecycleHook, fault: str | int
) -> None:
    server.control({"waiting": True, "faults": [fault, fault]})
    assert hook.complete(within_s=60)
    assert _count(server, "calls", "CompleteLifecycleAction") == 3
    assert _count(server, "effects", "CompleteLifecycleAction") == 1


def test_an_action_that_begins_late_is_completed(
    server: AutoScalingServer, hook: LifecycleHook, clock: Clock
) -> None:
    def begin(_: float) -> None:
        server.control({"waiting": True})

    hook.wait = begin
    assert hook.complete(within_s=10)
    assert clock.now


def test_without_an_action_nothing_is_completed_and_nothing_is_wrong(
    server: AutoScalingServer, hook: LifecycleHook
) -> None:
    with capture_logs() as lines:
        assert not hook.complete(within_s=10)
    assert [line for line in lines if line["log_level"] != "info"] == []
    assert [line["result"] for line in lines if line["event"] == "lifecycle_action"] == ["absent"]
    assert _count(server, "calls", "CompleteLifecycleAction") == 3


def test_a_service_that_does_not_answer_is_left_at_the_deadline(
    server: AutoScalingServer, hook: LifecycleHook, clock: Clock
) -> None:
    server.control({"waiting": True, "faults": ["lose_request"] * 100})
    began = clock.now
    assert not hook.complete(within_s=10)
    assert clock.now - began < 10


def test_a_refusal_is_reported_once_and_ends_it(server: AutoScalingServer, hook: LifecycleHook) -> None:
    server.control({"waiting": True, "faults": ["deny"] * 3})
    with capture_logs() as lines:
        hook.step()
        hook.step()
        assert not hook.complete(within_s=10)
    (warning,) = [line for line in lines if line["log_level"] == "warning"]
    assert warning["event"] == "lifecycle_hook_refused"
    assert "AccessDenied" in warning["reason"]
    assert _count(server, "calls", "CompleteLifecycleAction") == 1


def test_heartbeats_keep_the_action_waiting_longer_than_its_time_out(
    server: AutoScalingServer, hook: LifecycleHook, clock: Clock
) -> None:
    server.control({"timeout_s": 30, "waiting": True})
    for _ in range(100):
        hook.step()
        clock.now += 1
    assert server.stats()["waiting"]
    assert 6 <= _count(server, "effects", "RecordLifecycleActionHeartbeat") <= 8
    clock.now += 31
    assert not server.stats()["waiting"]


def test_a_lost_heartbeat_is_soon_sent_again(
    server: AutoScalingServer, hook: LifecycleHook, clock: Clock
) -> None:
    server.control({"timeout_s": 30, "waiting": True, "faults": ["lose_request", 500]})
    for _ in range(20):
        hook.step()
        clock.now += 1
    assert _count(server, "effects", "RecordLifecycleActionHeartbeat") == 1


def test_a_machine_that_stays_completes_nothing(server: AutoScalingServer, hook: LifecycleHook) -> None:
    server.control({"waiting": True})
    hook.is_leaving = lambda: False
    hook.step()
    assert not hook.complete(within_s=10)
    assert server.stats()["calls"] == {}


def test_without_a_hook_nothing_is_called(
    server: AutoScalingServer, hook: LifecycleHook, membership: Membership
) -> None:
    membership.hook = ""
    hook.step()
    assert not hook.complete(within_s=10)
    assert server.stats()["calls"] == {}
