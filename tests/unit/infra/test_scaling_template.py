"""What infra/scaling.yaml makes a group do."""

from __future__ import annotations

import pytest

from tests.stand_ins.stack_template import Template, calculate, of_type, template

pytestmark = pytest.mark.unit

POLICIES = of_type("scaling.yaml", "AWS::AutoScaling::ScalingPolicy")
TRACKING = POLICIES["BacklogPerInstance"]
(ALARM,) = of_type("scaling.yaml", "AWS::CloudWatch::Alarm").values()
METRICS = TRACKING["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["Metrics"]


def expression(metrics: list[Template]) -> str:
    """The one that is returned."""
    (returned,) = (metric for metric in metrics if metric["ReturnData"])
    text: str = returned["Expression"]
    return text


def sources(metrics: list[Template]) -> dict[str, str]:
    """Id -> metric."""
    return {
        metric["Id"]: metric["MetricStat"]["Metric"]["MetricName"]
        for metric in metrics
        if "MetricStat" in metric
    }


def backlog(
    waiting: float | None, in_flight: float | None, instances: float | None, delayed: float | None = 0
) -> float | None:
    return calculate(
        expression(METRICS), waiting=waiting, in_flight=in_flight, delayed=delayed, instances=instances
    )


def test_the_backlog_of_an_instance_counts_what_waits_and_what_is_in_flight() -> None:
    assert backlog(90, 10, 5) == 20
    assert backlog(0, 10, 5) == 2  # busy with the last ones: 5 are not 5 times too many of nothing
    assert backlog(0, 0, 5, delayed=20) == 4
    assert set(sources(METRICS).values()) == {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
        "GroupInServiceInstances",
    }


def test_a_group_of_none_has_a_backlog_and_no_division_by_zero() -> None:
    assert backlog(30, 0, 0) == 30


def test_an_idle_queue_which_reports_nothing_is_empty() -> None:
    assert backlog(None, None, 3, delayed=None) == 0


def test_a_group_that_reports_nothing_changes_nothing() -> None:
    assert backlog(30, 0, None) is None


def test_the_target_is_the_parameter_and_both_directions_are_scaled() -> None:
    assert TRACKING["PolicyType"] == "TargetTrackingScaling"
    configuration = TRACKING["TargetTrackingConfiguration"]
    assert configuration["TargetValue"] == {"Ref": "MessagesPerInstance"}
    assert "DisableScaleIn" not in configuration
    assert template("scaling.yaml")["Parameters"]["MessagesPerInstance"]["Default"] == 10


def stuck(waiting: float | None, wanted: float | None) -> bool:
    value = calculate(expression(ALARM["Metrics"]), waiting=waiting, wanted=wanted)
    # A missing point does not breach.
    return value is not None and value >= ALARM["Threshold"]


def test_the_first_instance_is_started_by_work_without_instances() -> None:
    assert stuck(1, 0)
    assert not stuck(0, 0)
    assert not stuck(None, 0)
    # It is on its way: the alarm asks what is wanted, not what is in service.
    assert not stuck(1, 1)
    assert sources(ALARM["Metrics"])["wanted"] == "GroupDesiredCapacity"


def test_a_group_that_reports_nothing_gets_no_instance_a_minute() -> None:
    assert not stuck(10, None)
    assert ALARM["TreatMissingData"] == "notBreaching"


def test_the_step_adds_one_and_never_removes_one() -> None:
    step = POLICIES["FirstInstance"]
    assert step["PolicyType"] == "StepScaling"
    assert step["AdjustmentType"] == "ChangeInCapacity"
    assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    assert ALARM["AlarmActions"] == [{"Ref": "FirstInstance"}]
    assert (ALARM["EvaluationPeriods"], ALARM["Metrics"][0]["MetricStat"]["Period"]) == (1, 60)


def test_everything_is_left_out_where_the_worker_scales() -> None:
    found = template("scaling.yaml")
    assert found["Parameters"]["Scaling"]["AllowedValues"] == ["native", "worker"]
    assert found["Parameters"]["Scaling"]["Default"] == "native"
    assert found["Conditions"]["IsNative"] == {"Fn::Equals": [{"Ref": "Scaling"}, "native"]}
    conditions = {
        logical: resource.get("Condition")
        for logical, resource in found["Resources"].items()
        if not resource["Type"].endswith("WaitConditionHandle")
    }
    assert set(conditions.values()) == {"IsNative"}


def test_policies_and_alarm_are_of_the_group_and_queue_of_the_parameters() -> None:
    assert {str(policy["AutoScalingGroupName"]) for policy in POLICIES.values()} == {
        str({"Ref": "GroupName"})
    }
    dimensions = [
        metric["MetricStat"]["Metric"]["Dimensions"]
        for metric in [*METRICS, *ALARM["Metrics"]]
        if "MetricStat" in metric
    ]
    assert {str(dict(d[0])["Value"]) for d in dimensions} == {
        str({"Ref": "QueueName"}),
        str({"Ref": "GroupName"}),
    }
