"""What refuses this worker, as readyz and the metrics show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from worker.resilience.resource_monitor import ResourceMonitor
from worker.resilience.source_gate import SourceGate
from worker.runtime.metrics import Metrics


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusals:
    """Source buckets that are out, and own services that fail."""

    sources: SourceGate
    resources: ResourceMonitor

    def details(self) -> tuple[bool, dict[str, object]]:
        """Whether files can be started, and what refuses or fails: since when, and why."""
        troubles = self.resources.troubles()
        sources = [
            {
                "bucket": each.bucket,
                "is_out": each.is_out,
                "code": each.code.value,
                "reason": each.message,
                "seconds": round(each.lasting_s, 1),
            }
            for each in self.sources.refusals()
        ]
        services = [
            {
                "service": each.resource,
                "operation": each.operation,
                "code": each.code,
                "reason": each.message,
                "seconds": round(each.lasting_s, 1),
            }
            for each in troubles
        ]
        can_start = not self.sources.is_closed() and not any(each.is_needed for each in troubles)
        return can_start, {"sources_refused": sources, "services_failing": services}

    def export(self, metrics: Metrics) -> None:
        """Show them as gauges: for how many seconds already."""
        metrics.watch(
            "source_out_seconds", "Seconds since a source bucket refuses all files.", self._source_values
        )
        metrics.watch(
            "service_failing_seconds",
            "Seconds since a queue, the table, the results bucket or the index refuses or does not answer.",
            self._service_values,
        )

    def _source_values(self) -> Iterator[tuple[Mapping[str, str], float]]:
        for each in self.sources.refusals():
            if each.is_out:
                yield {"bucket": each.bucket, "code": each.code.value}, each.lasting_s

    def _service_values(self) -> Iterator[tuple[Mapping[str, str], float]]:
        for each in self.resources.troubles():
            labels = {"service": each.resource, "operation": each.operation, "code": each.code}
            yield labels, each.lasting_s
