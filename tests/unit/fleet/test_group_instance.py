"""What the instance does about its group, from work to exit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.clock import Clock
from worker.embedded.autoscaling_server import AutoScalingServer
from worker.fleet.group_instance import GroupInstance
from worker.fleet.lifecycle_hook import LifecycleHook
from worker.fleet.membership import Membership
from worker.fleet.scale_in_protection import ScaleInProtection
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


def _instance(membership: Membership, clock: Clock, leaving: list[bool]) -> GroupInstance:
    metrics = Metrics()
    return GroupInstance(
        protection=ScaleInProtection(
            membership=membership, is_busy=lambda: True, metrics=metrics, clock=clock
        ),
        hook=LifecycleHook(
            membership=membership,
            is_leaving=lambda: leaving[0],
            metrics=metrics,
            clock=clock,
            wait=clock.wait,
        ),
    )


def test_it_is_protected_while_it_works_and_completes_its_action_when_it_leaves(
    server: AutoScalingServer, membership: Membership, clock: Clock
) -> None:
    leaving = [False]
    instance = _instance(membership, clock, leaving)
    instance.step()
    leaving[0] = True
    server.control({"waiting": True})
    instance.step()
    instance.leave(within_s=5)
    stats: Any = server.stats()
    assert stats["effects"] == {
        "SetInstanceProtection": 1,
        "RecordLifecycleActionHeartbeat": 1,
        "CompleteLifecycleAction": 1,
    }


def test_a_process_that_is_only_restarted_takes_the_protection_off(
    server: AutoScalingServer, membership: Membership, clock: Clock
) -> None:
    instance = _instance(membership, clock, [False])
    instance.step()
    assert server.stats()["is_protected"]
    server.control({"waiting": True})
    instance.leave(within_s=5)
    assert not server.stats()["is_protected"]
    assert server.stats()["waiting"]
