"""The metrics in the log, in CloudWatch's embedded metric format (EMF): one line an interval.

CloudWatch Logs makes metrics of such lines, so that the last figures of a machine arrive with its last log.
Counters are written as what was added since the line before, which sums up over a fleet; histograms as values
with their counts; gauges as they are.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import structlog
from prometheus_client import Metric

from worker.runtime.log import METRIC_LOGGER
from worker.runtime.metrics import Metrics

NAMESPACE = "cis-worker"
GROUP = "Group"

# CloudWatch takes no more of a line.
_MAX_METRICS = 100
# A dimension must have a value.
_NO_VALUE = "none"

_Labels: TypeAlias = tuple[tuple[str, str], ...]
_Observed: TypeAlias = dict[float, float]
"""How often each value of a histogram was observed."""
_Value: TypeAlias = float | _Observed

_log = structlog.get_logger(METRIC_LOGGER)


class MetricLog:
    """Writes the lines; may be called by several threads.

    `group` is asked for the name of the fleet, which becomes a dimension beside the sum over all fleets.
    `is_detailed` adds lines with the labels as dimensions, each of which CloudWatch charges as a metric.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        interval_s: float = 60.0,
        group: Callable[[], str] = lambda: "",
        is_detailed: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.interval_s = interval_s
        self._metrics = metrics
        self._group = group
        self._is_detailed = is_detailed
        self._clock = clock
        self._lock = threading.Lock()
        self._before: dict[tuple[str, _Labels], float] = {}

    def step(self) -> None:
        """Write what happened since the last time."""
        with self._lock:
            for line in self._lines():
                _log.info("metrics", **line)

    def _lines(self) -> Iterator[dict[str, object]]:
        totals: dict[str, _Value] = {}
        details: defaultdict[_Labels, dict[str, _Value]] = defaultdict(dict)
        for family in self._metrics.collect():
            by_labels = self._read(family)
            if (total := _total(family.type, list(by_labels.values()))) is not None:
                totals[family.name] = total
            for labels, value in by_labels.items():
                if labels and (value or family.type == "gauge"):
                    details[labels][family.name] = value
        yield from self._of_dimensions((), totals)
        if self._is_detailed:
            for labels, values in details.items():
                yield from self._of_dimensions(labels, values)

    def _read(self, family: Metric) -> dict[_Labels, _Value]:
        """The values by labels: finite numbers, and of histograms those that were observed since the last."""
        match family.type:
            case "counter":
                return {
                    _labels(sample.labels): self._added(sample.name, sample.labels, sample.value)
                    for sample in family.samples
                }
            case "gauge":
                samples = {_labels(sample.labels): sample.value for sample in family.samples}
                return {labels: value for labels, value in samples.items() if math.isfinite(value)}
            case "histogram":
                return self._read_histogram(family)
            case _:
                return {}

    def _read_histogram(self, family: Metric) -> dict[_Labels, _Value]:
        below: defaultdict[_Labels, float] = defaultdict(float)
        found: defaultdict[_Labels, _Observed] = defaultdict(dict)
        last_bound = 0.0
        for sample in family.samples:
            if not sample.name.endswith("_bucket"):
                continue
            labels = _labels({name: text for name, text in sample.labels.items() if name != "le"})
            bound = float(sample.labels["le"])
            # The upper bound, so that no percentile looks better than it is; the last bucket has none.
            last_bound = bound if math.isfinite(bound) else last_bound
            # The buckets are cumulative, in the order of their bounds.
            added = self._added(sample.name, sample.labels, sample.value)
            if (count := added - below[labels]) > 0:
                found[labels][last_bound] = found[labels].get(last_bound, 0) + count
            below[labels] = added
        return dict(found)

    def _added(self, name: str, labels: Mapping[str, str], value: float) -> float:
        key = (name, _labels(labels))
        before, self._before[key] = self._before.get(key, 0.0), value
        return max(0.0, value - before)

    def _of_dimensions(self, labels: _Labels, values: Mapping[str, _Value]) -> Iterator[dict[str, object]]:
        group = self._group()
        dimensions = dict(labels)
        sets = [list(dimensions)]
        if group:
            sets.append([GROUP, *dimensions])
            dimensions[GROUP] = group
        names = list(values)
        for start in range(0, len(names), _MAX_METRICS):
            part = names[start : start + _MAX_METRICS]
            directive = {
                "Namespace": NAMESPACE,
                "Dimensions": sets,
                "Metrics": [{"Name": name, "Unit": _unit(name)} for name in part],
            }
            yield {
                "_aws": {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": [directive]},
                **dimensions,
                **{name: _to_emf(values[name]) for name in part},
            }


def _labels(labels: Mapping[str, str]) -> _Labels:
    return tuple(sorted((name, text or _NO_VALUE) for name, text in labels.items()))


def _total(kind: str, values: list[_Value]) -> _Value | None:
    """Of all labels together: what was added, the largest of a gauge, all that was observed."""
    numbers = [value for value in values if not isinstance(value, dict)]
    if kind == "counter":
        return sum(numbers)
    if kind == "gauge":
        # One whose labels come and go, such as what fails at present, is 0 where there are none.
        return max(numbers, default=0.0)
    observed: defaultdict[float, float] = defaultdict(float)
    for value in values:
        for bound, count in value.items() if isinstance(value, dict) else ():
            observed[bound] += count
    return dict(observed) or None


def _to_emf(value: _Value) -> object:
    if isinstance(value, dict):
        bounds = sorted(value)
        return {"Values": bounds, "Counts": [_whole(value[bound]) for bound in bounds]}
    return _whole(value)


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def _unit(name: str) -> str:
    if name.endswith("_seconds"):
        return "Seconds"
    return "Bytes" if name.endswith("_bytes") else "Count"
