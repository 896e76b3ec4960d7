"""ScalingManager against Auto Scaling, SQS and DynamoDB on moto."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.autoscaling.conftest import GROUP, TABLE, MotoFleet
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.errors import MisconfiguredError
from worker.fleet.decision import PageEstimate, WorkPolicy
from worker.fleet.scaling_manager import ScalingManager
from worker.fleet.work_plan import WorkPlan

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

StartFleet = Callable[..., MotoFleet]
# 50 pages a minute for ten minutes: ten documents of fifty pages an instance.
PLAN = WorkPlan(
    policy=WorkPolicy(acceptable_delay_s=700, boot_s=100, deviations=0),
    pages=PageEstimate(mean=50, deviation=50),
)


def register(fleet: MotoFleet, worker: str, **values: Any) -> None:
    now = int(fleet.clock())
    row = replace(WorkerRow(worker=worker, group=GROUP, beat_at=now, started_at=now - 3_600), **values)
    WorkerRows(client=fleet.dynamodb, table=TABLE).write(row, expires_at=now + 86_400)


def test_it_is_made_without_arguments_region_or_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    manager = ScalingManager()
    depths = {depth: manager.calculate_required_instances(depth) for depth in (5, 15, 30, 50, 100, 1_000)}
    assert depths == {5: 1, 15: 2, 30: 3, 50: 5, 100: 10, 1_000: 10}
    assert manager.calculate_scale_out_capacity(2, 10) == 4
    assert manager.calculate_scale_out_capacity(current=9, target=20) == 10
    assert manager.calculate_scale_out_capacity(current=12, target=20) == 10
    assert manager.calculate_scale_in_capacity(3, 1) == 2
    assert manager.calculate_scale_in_capacity(current=1, min_capacity=1) == 1


def test_without_a_group_it_names_the_setting() -> None:
    with pytest.raises(MisconfiguredError, match="CIS_AUTOSCALING_GROUP"):
        ScalingManager().evaluate_scaling()


def test_a_depth_over_the_threshold_scales_out_although_the_table_says_less(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    fleet.send(15)
    found = fleet.manager().evaluate_scaling()
    assert (found["action"], found["current_queue_depth"], found["desired_capacity"]) == ("SCALE_OUT", 15, 3)
    assert fleet.desired == 2, "an evaluation changes nothing"


def test_it_takes_group_and_queue_from_the_settings(
    start_fleet: StartFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = start_fleet(desired=2)
    fleet.send(40)
    monkeypatch.setenv("CIS_AUTOSCALING_GROUP", GROUP)
    monkeypatch.setenv("CIS_QUEUE_URL", fleet.queue_url)
    assert ScalingManager().evaluate_scaling().desired_capacity == 4


def test_the_second_scale_out_within_the_cooldown_is_refused(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    first, second = fleet.manager(), fleet.manager()
    assert first.trigger_scale_out(4)["status"] == "SUCCESS"
    assert fleet.desired == 4
    fleet.clock.pass_minutes(1)
    refused = second.trigger_scale_out(desired_capacity=6)
    assert refused["status"] == "COOLDOWN"
    assert "240 s of the cooldown period of 300 s" in str(refused["message"])
    assert fleet.desired == 4
    fleet.clock.pass_minutes(4)
    assert second.trigger_scale_out(desired_capacity=6)["status"] == "SUCCESS"
    assert fleet.desired == 6


def test_without_a_table_the_cooldown_lasts_as_long_as_the_process(
    start_fleet: StartFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = start_fleet(desired=2)
    monkeypatch.delenv("CIS_FILE_TABLE")
    manager = fleet.manager()
    assert manager.trigger_scale_out(4).status == "SUCCESS"
    assert manager.trigger_scale_out(6).status == "COOLDOWN"
    assert fleet.desired == 4


def test_it_scales_in_after_five_minutes_of_few_messages(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=4)
    for minute in range(5):
        # Each run is a process of its own, as by a timer.
        manager = fleet.manager()
        evaluation = manager.evaluate_scaling()
        assert evaluation.action == ("SCALE_IN" if minute == 4 else "NONE"), minute
        manager.apply(evaluation)
        fleet.clock.pass_minutes(1)
    assert fleet.desired == 3
    assert fleet.manager().trigger_scale_in(2).status == "COOLDOWN"


def test_messages_in_hand_keep_the_fleet(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=4)
    fleet.send(10)
    fleet.receive(10)
    manager = fleet.manager()
    for _ in range(6):
        evaluation = manager.evaluate_scaling()
        fleet.clock.pass_minutes(1)
        assert (evaluation.action, evaluation.in_flight) == ("NONE", 10)


def test_only_instances_without_documents_in_hand_may_go(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=4)
    fleet.protect(fleet.instances[:2])
    register(fleet, "busy", instance=fleet.instances[2], documents=3)
    plan = replace(PLAN, policy=replace(PLAN.policy, sustained_minutes=1))
    evaluation = fleet.manager(work=plan, min_capacity=0).evaluate_scaling()
    assert (evaluation.action, evaluation.desired_capacity) == ("SCALE_IN", 3)
    assert "only 1 of 4" in evaluation.reason
    fleet.protect(fleet.instances)
    evaluation = fleet.manager(work=plan, min_capacity=0).evaluate_scaling()
    assert (evaluation.action, evaluation.desired_capacity) == ("NONE", 4)


def test_the_group_keeps_protected_instances(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=4)
    busy = fleet.instances[:2]
    fleet.protect(busy)
    assert fleet.manager().trigger_scale_in(2).status == "SUCCESS"
    assert sorted(fleet.instances) == sorted(busy)


def test_a_group_with_a_policy_of_its_own_is_left_to_it(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    fleet.add_native_policy()
    fleet.send(11)
    manager = fleet.manager()
    evaluation = manager.evaluate_scaling()
    with pytest.raises(MisconfiguredError, match="backlog-per-instance"):
        manager.apply(evaluation)
    with pytest.raises(MisconfiguredError, match="backlog-per-instance"):
        manager.trigger_scale_out(4)
    assert fleet.desired == 2


def test_work_is_counted_in_pages_of_the_last_hour(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=1)
    fleet.send(12)
    fleet.receive(2)
    manager = fleet.manager(work=PLAN, max_capacity=20)
    assert manager.evaluate_scaling().desired_capacity == 2
    last_hour = {"documents_last_hour": 180, "pages_last_hour": 90_000, "pages_squared_last_hour": 45_000_000}
    register(fleet, "w", **last_hour)
    # 180 documents of 500 pages weigh nine times as much as the assumed ones of 50: 455 pages a document.
    evaluation = manager.evaluate_scaling()
    assert (evaluation.desired_capacity, evaluation.workers) == (11, 1)


def test_work_goes_to_zero_and_comes_back(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=3)
    manager = fleet.manager(work=PLAN, min_capacity=0)
    for _ in range(5):
        manager.apply(manager.evaluate_scaling())
        fleet.clock.pass_minutes(1)
    assert fleet.desired == 0
    fleet.send(1)
    assert manager.apply(manager.evaluate_scaling()).status == "SUCCESS"
    assert fleet.desired == 1


def test_the_quota_of_bedrock_caps_the_fleet(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=1)
    fleet.send(30)
    # One call a document of fifty pages: two calls are 100 pages, which two instances do in a minute.
    plan = replace(PLAN, calls_per_document=1.0, quota_calls_per_minute=2.0)
    assert fleet.manager(work=plan).evaluate_scaling().desired_capacity == 2


def test_an_evaluation_without_record_writes_nothing(start_fleet: StartFleet) -> None:
    fleet = start_fleet()
    fleet.manager().evaluate_scaling(record=False)
    assert fleet.dynamodb.scan(TableName=TABLE)["Items"] == []


def test_low_depths_must_be_sustained() -> None:
    manager = ScalingManager()
    assert manager.evaluate_scale_in([1, 1, 0, 2, 1], threshold=2, sustained_minutes=5)
    assert not manager.evaluate_scale_in([1, 1, 5, 1, 1], threshold=2, sustained_minutes=5)
    assert not manager.evaluate_scale_in([1, 1], threshold=2, sustained_minutes=5)
    assert manager.evaluate_scale_in(queue_depth_history=[0] * 5)


def test_the_oldest_goes_first_and_none_that_is_processing() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    instances = [
        {"instance_id": "i-2", "launch_time": began + timedelta(hours=2), "processing_messages": 0},
        {"instance_id": "i-1", "launch_time": began, "processing_messages": 3},
        {"instance_id": "i-3", "launch_time": began + timedelta(hours=3), "processing_messages": 0},
    ]
    manager = ScalingManager()
    assert [each["instance_id"] for each in manager.get_termination_order(instances)] == ["i-1", "i-2", "i-3"]
    safe = manager.get_safe_termination_candidates(instances)
    assert [each["instance_id"] for each in safe] == ["i-2", "i-3"]
