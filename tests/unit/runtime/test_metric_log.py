"""Lines of the embedded metric format: what CloudWatch requires of them, and what they say."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from worker.runtime import log
from worker.runtime.metric_log import MetricLog
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def write(metric_log: MetricLog) -> list[dict[str, Any]]:
    """The lines of one step, each of which must be as CloudWatch wants it."""
    with capture_logs() as lines:
        metric_log.step()
    for line in lines:
        check(line)
    return [dict(line) for line in lines]


def check(line: Any) -> None:
    """The rules of CloudWatch's specification."""
    assert isinstance(line["_aws"]["Timestamp"], int)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "cis-worker"
        assert 1 <= len(directive["Metrics"]) <= 100
        assert directive["Dimensions"]
        for names in directive["Dimensions"]:
            assert len(names) <= 30
            assert all(isinstance(line[name], str) and line[name] for name in names)
        for metric in directive["Metrics"]:
            assert metric["Unit"] in ("Seconds", "Bytes", "Count")
            check_value(line[metric["Name"]])
    json.dumps(line, allow_nan=False)


def check_value(value: Any) -> None:
    if isinstance(value, dict):
        assert set(value) == {"Values", "Counts"}
        assert 1 <= len(value["Values"]) == len(value["Counts"]) <= 100
        assert all(count > 0 for count in value["Counts"])
    else:
        assert isinstance(value, int | float)
        assert not isinstance(value, bool)


def test_counters_are_what_was_added_since_the_line_before(metrics: Metrics) -> None:
    metric_log = MetricLog(metrics)
    metrics.received.inc(10)
    metrics.documents_total.labels(state="indexed", reason="").inc(3)
    metrics.documents_total.labels(state="partial", reason="timeout").inc(2)
    (first,) = write(metric_log)
    assert (first["cis_received"], first["cis_documents"]) == (10, 5)
    metrics.received.inc(4)
    (second,) = write(metric_log)
    assert (second["cis_received"], second["cis_documents"]) == (4, 0)


def test_a_gauge_is_its_value_and_the_largest_of_its_labels(metrics: Metrics) -> None:
    metrics.in_flight.set(7)
    metrics.breaker_open.labels(service="bedrock").set(0)
    metrics.breaker_open.labels(service="opensearch").set(1)
    metrics.watch("service_failing_seconds", "None at present.", list)
    (line,) = write(MetricLog(metrics))
    assert (line["cis_in_flight"], line["cis_breaker_open"]) == (7, 1)
    assert line["cis_service_failing_seconds"] == 0


def test_a_histogram_is_the_upper_bounds_of_what_was_observed_with_their_counts(metrics: Metrics) -> None:
    metric_log = MetricLog(metrics)
    for seconds in (0.2, 0.25, 5.0):
        metrics._stage_seconds.labels(stage="ocr").observe(seconds)
    metrics._stage_seconds.labels(stage="index").observe(0.2)
    metrics._event_to_indexed_seconds.observe(2_000_000)
    (line,) = write(metric_log)
    assert line["cis_stage_seconds"] == {"Values": [0.3, 10.0], "Counts": [3, 1]}
    assert line["cis_event_to_indexed_seconds"] == {"Values": [604_800.0], "Counts": [1]}
    metrics._stage_seconds.labels(stage="ocr").observe(0.005)
    (line,) = write(metric_log)
    assert line["cis_stage_seconds"] == {"Values": [0.01], "Counts": [1]}
    assert "cis_event_to_indexed_seconds" not in line


def test_every_metric_of_prometheus_is_there_by_its_name_without_total(metrics: Metrics) -> None:
    metrics._stage_seconds.labels(stage="ocr").observe(1)
    metrics._event_to_indexed_seconds.observe(1)
    (line,) = write(MetricLog(metrics))
    named = {each["Name"]: each["Unit"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert set(named) == {family.name for family in metrics.collect() if family.type != "info"}
    assert not [name for name in named if name.endswith("_total")]
    assert (named["cis_ocr_seconds"], named["cis_received"]) == ("Seconds", "Count")
    assert named["process_resident_memory_bytes"] == "Bytes"


def test_the_group_is_a_dimension_beside_the_sum_over_all(metrics: Metrics, clock: Clock) -> None:
    (line,) = write(MetricLog(metrics, group=lambda: "nightly", clock=clock))
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[], ["Group"]]
    assert (line["Group"], line["_aws"]["Timestamp"]) == ("nightly", 1_000_000)
    (alone,) = write(MetricLog(metrics))
    assert alone["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert "Group" not in alone


def test_a_line_has_at_most_a_hundred_metrics(metrics: Metrics) -> None:
    for number in range(180):
        metrics.watch_sum(f"more_{number}", "One of many.", lambda: 2.5)
    lines = write(MetricLog(metrics, group=lambda: "g"))
    sizes = [len(line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in lines]
    assert sizes[:-1] == [100] * (len(sizes) - 1)
    assert sum(sizes) > 200
    assert sum(line.get("cis_more_179", 0) for line in lines) == 2.5


def test_in_detail_the_labels_are_dimensions_and_what_stood_still_is_left_out(metrics: Metrics) -> None:
    metric_log = MetricLog(metrics, group=lambda: "g", is_detailed=True)
    write(metric_log)
    metrics.documents_total.labels(state="indexed", reason="").inc(3)
    metrics.breaker_open.labels(service="bedrock").set(0)
    total, *details = write(metric_log)
    assert total["cis_documents"] == 3
    (documents,) = [line for line in details if "cis_documents" in line]
    assert (documents["state"], documents["reason"], documents["cis_documents"]) == ("indexed", "none", 3)
    assert documents["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["reason", "state"],
        ["Group", "reason", "state"],
    ]
    (breaker,) = [line for line in details if "cis_breaker_open" in line]
    assert (breaker["service"], breaker["cis_breaker_open"]) == ("bedrock", 0)
    assert not [line for line in details if "cis_retries" in line]


def test_the_line_in_the_log_is_whole_at_every_level(metrics: Metrics) -> None:
    stream, ours = io.StringIO(), logging.getLogger("worker")
    before = (logging.getLogger().level, ours.level, logging.raiseExceptions)
    log.configure("error", stream=stream)
    try:
        MetricLog(metrics, group=lambda: "g").step()
        (line,) = [json.loads(text) for text in stream.getvalue().splitlines()]
    finally:
        root = logging.getLogger()
        root.handlers = [handler for handler in root.handlers if handler.get_name() != "worker"]
        root.setLevel(before[0])
        ours.setLevel(before[1])
        logging.raiseExceptions = before[2]
        logging.captureWarnings(capture=False)
    check(line)
    # Its own fields do not take the place of the identity that all lines carry.
    assert (line["event"], line["role"]) == ("metrics", "command")
