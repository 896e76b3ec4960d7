"""A worker and its Auto Scaling group: parked instances, the end of one that leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest
from structlog.testing import capture_logs

from tests.unit.lifecycle_parts import group_instance, make_lifecycle
from worker.embedded.autoscaling_server import GROUP, HOOK, AutoScalingServer
from worker.embedded.metadata_server import MetadataServer
from worker.fleet.membership import GROUP_TAG, HOOK_TAG

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _polls(metadata: MetadataServer) -> int:
    requests_by_path = cast("dict[str, int]", metadata.stats()["requests"])
    return requests_by_path.get("/latest/meta-data/autoscaling/target-lifecycle-state", 0)


def test_in_standby_it_waits_before_the_first_receive_and_goes_on_in_service(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    with MetadataServer() as metadata:
        metadata.control({"lifecycle_state": "Standby"})
        lifecycle = make_lifecycle(world, metadata_url=metadata.url)
        seen: list[object] = []

        def follow() -> None:
            try:
                until(lambda: _polls(metadata) >= 3)
                seen.append(world.consumer.polled_at)
                ready, details = lifecycle.readiness()
                seen.append("Standby" in str(details["paused"]) and not ready)
                metadata.control({"lifecycle_state": "InService"})
                until(lambda: world.consumer.polled_at is not None)
            finally:
                lifecycle.shutdown.request("test")

        watcher = threading.Thread(target=follow)
        watcher.start()
        assert lifecycle.run() == 0
        watcher.join()
    assert seen == [None, True]


def test_a_signal_ends_the_wait_in_standby(world: World) -> None:
    with MetadataServer() as metadata:
        metadata.control({"lifecycle_state": "Warmed:Running"})
        lifecycle = make_lifecycle(world, metadata_url=metadata.url)
        lifecycle._signals = 1
        assert lifecycle.run() == 0
    assert world.consumer.polled_at is None


def test_at_a_notice_the_lifecycle_action_is_completed_after_everything_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MetadataServer() as metadata, AutoScalingServer() as group:
        metadata.control({"tags": {GROUP_TAG: GROUP, HOOK_TAG: HOOK}, "lifecycle_state": "Terminated"})
        group.control({"waiting": True, "faults_of": {"CompleteLifecycleAction": ["lose_answer"]}})
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", group.url)
        lifecycle = make_lifecycle(world, metadata_url=metadata.url)
        lifecycle.group = group_instance(world, lifecycle.spot, metadata_url=metadata.url)
        with capture_logs() as lines:
            assert lifecycle.run() == 0
        stats = cast("dict[str, dict[str, int]]", group.stats())
    assert stats["effects"]["CompleteLifecycleAction"] == 1
    assert [line["event"] for line in lines][-1] == "lifecycle_action"
    assert "worker_stopped" in [line["event"] for line in lines]


def test_a_group_that_does_not_answer_does_not_keep_the_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MetadataServer() as metadata, AutoScalingServer() as group:
        metadata.control({"tags": {GROUP_TAG: GROUP, HOOK_TAG: HOOK}, "lifecycle_state": "Terminated"})
        group.control({"faults": ["hang"] * 50})
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", group.url)
        lifecycle = make_lifecycle(world, timeout_s=4, metadata_url=metadata.url)
        lifecycle.group = group_instance(world, lifecycle.spot, metadata_url=metadata.url)
        assert lifecycle.run() == 0
