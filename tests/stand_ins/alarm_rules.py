"""Which alarms of infra/observability.yaml the lines and the metrics of a worker would set off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.stand_ins.stack_template import of_type, substitute

_VALUES = {"Name": "fleet", "MaxDelaySeconds": "3600"}


def matches(pattern: str, line: Mapping[str, Any]) -> bool:
    """Whether a line matches a filter pattern of CloudWatch Logs: `{ $.a = "b*" && ($.c = "d" || ...) }`."""

    def compare(match: re.Match[str]) -> str:
        field, text = match[1], match[2]
        return str(field in line and fnmatchcase(str(line[field]), text))

    conditions = re.sub(r'\$\.(\w+) = "([^"]*)"', compare, pattern.strip().strip("{}"))
    assert re.fullmatch(r"(?:True|False|&&|\|\||[()\s])+", conditions), pattern
    return bool(eval(conditions.replace("&&", "and").replace("||", "or").strip()))  # noqa: S307


def filters() -> dict[str, str]:
    """Metric -> the pattern of the lines it counts."""
    return {
        substitute(properties["MetricTransformations"][0]["MetricName"], _VALUES): properties["FilterPattern"]
        for properties in of_type("observability.yaml", "AWS::Logs::MetricFilter").values()
    }


def alarms_on(metric: str) -> dict[str, float]:
    """Alarm (without the deployment's name) -> its threshold, of those that read that one metric."""
    return {
        substitute(alarm["AlarmName"], _VALUES).removeprefix("fleet-"): float(
            substitute(alarm["Threshold"], _VALUES)
        )
        for alarm in of_type("observability.yaml", "AWS::CloudWatch::Alarm").values()
        if substitute(alarm.get("MetricName", ""), _VALUES) == metric
    }


def raised_by_lines(lines: Iterable[Mapping[str, Any]]) -> set[str]:
    """Alarms that count one of these lines."""
    seen = list(lines)
    return {
        alarm
        for metric, pattern in filters().items()
        if any(matches(pattern, line) for line in seen)
        for alarm in alarms_on(metric)
    }


def raised_by_metrics(text: str) -> dict[str, float]:
    """Alarm -> how much of its threshold is reached, of the gauges in a scrape that are not 0."""
    largest: dict[str, float] = {}
    for name, value in re.findall(r"^(cis_\w+)(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE):
        largest[name] = max(largest.get(name, 0.0), float(value))
    return {
        alarm: value / threshold
        for name, value in largest.items()
        if value > 0
        for alarm, threshold in alarms_on(name).items()
    }
