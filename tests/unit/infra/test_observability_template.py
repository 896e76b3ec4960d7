"""The alarms and the dashboard of infra/observability.yaml."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.stand_ins.alarm_rules import matches
from tests.stand_ins.stack_template import INFRA, calculate, of_type, substitute, template
from worker.aws.instance_metadata import SpotAction
from worker.runtime.metrics import Metrics
from worker.spot_handler import SpotInterruptionHandler

pytestmark = pytest.mark.unit

ALARMS = of_type("observability.yaml", "AWS::CloudWatch::Alarm")
COMPOSITE = of_type("observability.yaml", "AWS::CloudWatch::CompositeAlarm")
# Parts of no-heartbeat, which alone are no fault.
PARTS = {"WorkersSilent", "InstancesInService"}
VALUES = {
    "Name": "cis-worker",
    "GroupName": "cis-worker",
    "QueueName": "cis-worker-files",
    "DeadLetterQueueName": "cis-worker-files-dlq",
    "LogGroupName": "/cis-worker/worker",
    "MaxDelaySeconds": "3600",
    "AWS::Region": "ap-northeast-1",
    "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012",
}
NOTICES = "cis-worker-spot-notices"
# Made by filters of the log.
FROM_LINES = {NOTICES, "cis-worker-full-disks", "cis-worker-failed-workers"}


def known_metrics() -> set[str]:
    """Names of the worker's metrics as CloudWatch has them: without `_total`."""
    rendered = Metrics().render().decode()
    names = set(re.findall(r"^# TYPE (cis_\w+) \w+$", rendered, re.MULTILINE))
    for path in (INFRA.parent / "worker").rglob("*.py"):
        names |= {
            f"cis_{name}" for name in re.findall(r"\.watch(?:_sum)?\(\s*\"(\w+)\"", path.read_text("utf-8"))
        }
    return {name.removesuffix("_total") for name in names}


def simple_metrics() -> list[tuple[str, str, str]]:
    """(alarm, namespace, metric) of every metric an alarm reads."""
    found = []
    for logical, alarm in ALARMS.items():
        if "MetricName" in alarm:
            found.append((logical, alarm["Namespace"], substitute(alarm["MetricName"], VALUES)))
        for metric in alarm.get("Metrics", []):
            if "MetricStat" in metric:
                inner = metric["MetricStat"]["Metric"]
                found.append((logical, inner["Namespace"], substitute(inner["MetricName"], VALUES)))
    return found


def dashboard() -> dict[str, Any]:
    (properties,) = of_type("observability.yaml", "AWS::CloudWatch::Dashboard").values()
    body: dict[str, Any] = json.loads(substitute(properties["DashboardBody"], VALUES))
    return body


def test_there_is_an_alarm_for_each_way_a_fleet_fails() -> None:
    names = {substitute(alarm["AlarmName"], VALUES) for alarm in [*ALARMS.values(), *COMPOSITE.values()]}
    assert {
        f"cis-worker-{name}"
        for name in (
            *("dead-letters", "oldest-waiting", "oldest-in-hand", "in-flight-limit", "breaker-open"),
            *("no-heartbeat", "interruptions", "local-faults", "disk-full", "receiving-paused"),
            *("service-refused", "source-refused"),
        )
    } <= names


def test_every_metric_of_the_workers_exists() -> None:
    ours = {metric for _, namespace, metric in simple_metrics() if namespace == "cis-worker"}
    assert ours - known_metrics() == FROM_LINES
    assert len(ours) >= 7


@pytest.mark.parametrize(
    ("alarm", "metric", "statistic", "threshold"),
    [
        ("DeadLetters", "ApproximateNumberOfMessagesVisible", "Maximum", 1),
        ("OldestWaiting", "ApproximateAgeOfOldestMessage", "Maximum", {"Ref": "MaxDelaySeconds"}),
        ("OldestInHand", "cis_oldest_message_age_seconds", "Maximum", {"Ref": "MaxDelaySeconds"}),
        ("BreakerOpen", "cis_breaker_open", "Maximum", 1),
        ("LocalFaults", "cis_local_faults_in_a_row", "Maximum", 3),
        ("ReceivingPaused", "cis_receiving_paused", "Maximum", 1),
    ],
)
def test_an_alarm_looks_at_the_worst_of_the_fleet(
    alarm: str, metric: str, statistic: str, threshold: object
) -> None:
    properties = ALARMS[alarm]
    assert properties["MetricName"] == metric
    assert properties["Statistic"] == statistic
    assert properties["Threshold"] == threshold
    assert properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_the_alarm_on_messages_in_flight_comes_before_sqs_stops() -> None:
    alarm = ALARMS["InFlightLimit"]
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesNotVisible"
    assert 0.5 * 120_000 <= alarm["Threshold"] < 120_000


def test_every_alarm_but_parts_of_one_notifies_and_is_tagged() -> None:
    goes_to = [{"Fn::If": ["MakesTopic", {"Ref": "AlarmTopic"}, {"Ref": "AlarmTopicArn"}]}]
    for logical, alarm in {**ALARMS, **COMPOSITE}.items():
        assert (alarm.get("AlarmActions"), alarm.get("OKActions")) == (
            (None, None) if logical in PARTS else (goes_to, goes_to)
        ), logical
        assert {"application", "deployment"} <= {tag["Key"] for tag in alarm["Tags"]}, logical
        assert len(alarm["AlarmDescription"]) > 30, logical


def test_silence_is_no_fault_but_for_the_heartbeat() -> None:
    """SQS and workers report nothing while they are idle; only a silent fleet is one that has failed."""
    missing = {logical: alarm["TreatMissingData"] for logical, alarm in ALARMS.items()}
    assert {logical for logical, treatment in missing.items() if treatment == "breaching"} == {
        "WorkersSilent"
    }
    assert set(missing.values()) == {"breaching", "notBreaching"}


def test_no_heartbeat_needs_instances_and_silence_and_asks_no_worker_for_the_former() -> None:
    (composite,) = COMPOSITE.values()
    rule = composite["AlarmRule"]["Fn::Sub"]
    assert set(re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule)) == PARTS
    assert " AND " in rule
    assert ALARMS["InstancesInService"]["Namespace"] == "AWS/AutoScaling"
    silent = ALARMS["WorkersSilent"]
    assert (silent["Statistic"], silent["Threshold"]) == ("SampleCount", 1)
    assert silent["ComparisonOperator"] == "LessThanThreshold"


def test_every_filter_of_the_log_has_its_alarm() -> None:
    made = {
        substitute(properties["MetricTransformations"][0]["MetricName"], VALUES)
        for properties in of_type("observability.yaml", "AWS::Logs::MetricFilter").values()
    }
    assert made == FROM_LINES
    assert made <= {metric for _, _, metric in simple_metrics()}


def test_notices_are_counted_from_the_line_that_a_worker_writes() -> None:
    pattern = of_type("observability.yaml", "AWS::Logs::MetricFilter")["SpotNotices"]["FilterPattern"]
    assert [matches(pattern, line) for line in written_at_a_notice()] == [True]
    assert not matches(pattern, {"event": "interruption_notice", "reason": "scale-in"})


def written_at_a_notice() -> list[dict[str, Any]]:
    """The lines of a worker whose metadata service announces its end."""
    notice = SpotAction(action="terminate", time=datetime.now(UTC) + timedelta(seconds=120))
    metadata = SimpleNamespace(spot_action=lambda: notice)
    with capture_logs() as lines:
        SpotInterruptionHandler(metadata=metadata).step()  # type: ignore[arg-type]
    return [dict(line) for line in lines]


def interrupted_percent(notices: float | None, instances: float | None) -> float | None:
    (returned,) = (metric for metric in ALARMS["Interruptions"]["Metrics"] if metric["ReturnData"])
    return calculate(returned["Expression"], notices=notices, instances=instances)


def test_interruptions_are_a_part_of_the_fleet() -> None:
    assert interrupted_percent(2, 20) == 10
    assert interrupted_percent(1, 0.2) == 100
    assert interrupted_percent(None, 5) is None
    assert ALARMS["Interruptions"]["Threshold"] == {"Ref": "MaxInterruptionPercent"}


def test_a_topic_is_made_where_none_is_given_and_is_never_given_its_own() -> None:
    found = template("observability.yaml")
    assert found["Resources"]["AlarmTopic"]["Condition"] == "MakesTopic"
    # Outputs are passed on by name: one that were named as a parameter would turn the condition.
    assert set(found["Outputs"]) & set(found["Parameters"]) == set()


def test_the_dashboard_is_json_and_shows_only_what_exists() -> None:
    known, shown = known_metrics(), set()
    for widget in dashboard()["widgets"]:
        rows: list[list[Any]] = widget["properties"].get("metrics", [])
        namespace = ""
        for row in rows:
            namespace = namespace if row[0] == "." else row[0]
            shown.add((namespace, row[1]))
    ours = {metric for namespace, metric in shown if namespace == "cis-worker"}
    assert ours - known == {NOTICES}
    assert len(ours) > 12
    assert {namespace for namespace, _ in shown} == {"AWS/SQS", "AWS/AutoScaling", "cis-worker"}


def test_the_dashboard_has_every_alarm_that_notifies() -> None:
    (widget,) = (widget for widget in dashboard()["widgets"] if widget["type"] == "alarm")
    shown = {arn.rpartition(":")[2] for arn in widget["properties"]["alarms"]}
    named = {
        substitute(alarm["AlarmName"], VALUES)
        for logical, alarm in {**ALARMS, **COMPOSITE}.items()
        if logical not in PARTS
    }
    assert shown == named
    assert len(widget["properties"]["alarms"]) == len(shown)


def test_widgets_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard()["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken, widget["properties"]["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
