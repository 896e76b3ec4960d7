"""The Prometheus metrics of one worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

# From an index write to a scan of a hundred pages.
_STAGE_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


class Metrics:
    """The counters and gauges of one worker; names begin with `cis_`, times are in seconds.

    Labels come from closed lists (states, codes, stages, models), never from file names.
    """

    def __init__(self) -> None:
        # Not the global registry: two workers in one process (tests) must not share their counters.
        self._registry = CollectorRegistry()
        self.documents_total = self._counter("documents", "Documents by end state.", "state", "reason")
        self.pages_total = self._counter("pages", "Pages by the source of their text.", "source")
        self.ocr_seconds = self._counter("ocr_seconds", "Wall time of OCR.")
        self.embedding_calls = self._counter("embedding_calls", "Embeddings requested.", "model", "result")
        self.documents_pending = self._counter(
            "documents_pending", "Documents committed with their index write or vectors pending.", "kind"
        )
        self.replays = self._counter("replays", "Pending documents tried again.", "kind", "result")
        self.received = self._counter("received", "Messages received.")
        self.settled = self._counter("settled", "Messages settled, by the ending.", "ending")
        self.events_ignored, self.records_rejected = self._record_counters()
        self.queue_errors = self._counter("queue_errors", "Polls of the queue that failed.")
        self.lease_renewals = self._counter("lease_renewals", "Heartbeats that extended a lease.")
        self.lease_renewal_failures = self._counter("lease_renewal_failures", "Heartbeats that did not.")
        self.crashes = self._counter("crashes", "Files held by a worker of this machine that died.")
        self.in_flight = self._gauge("in_flight", "Messages in processing.")
        self.parked = self._gauge("parked", "Messages waiting for a file another attempt holds.")
        self.pending_backlog = self._gauge(
            "pending_backlog", "Pending documents at the last query, at most 100 a shard."
        )
        self.metadata_unreachable = self._gauge(
            "metadata_unreachable", "1 while instance metadata cannot be read."
        )
        self.shutdown_requested = self._gauge("shutdown_requested", "1 once a stop was requested.")
        self.local_faults = self._counter("local_faults", "Documents that failed by a fault of this machine.")
        self.receiving_paused = self._gauge("receiving_paused", "1 while this machine cannot work.")
        self.breaker_open = self._gauge("breaker_open", "1 while a service is not called.", "service")
        self.uploads = self._counter("uploads", "Background uploads by their results.", "result")
        self.uploads_pending = self._gauge("uploads_pending", "Background uploads that are not done yet.")
        self._add_group()
        self._add_times()

    def _add_group(self) -> None:
        self.lifecycle_actions = self._counter(
            "lifecycle_actions", "Lifecycle actions of the Auto Scaling group at a stop.", "result"
        )
        self.scale_in_protected = self._gauge(
            "scale_in_protected", "1 while the Auto Scaling group must not take this instance."
        )

    def _add_times(self) -> None:
        self._stage_seconds = Histogram(
            "cis_stage_seconds",
            "Wall time of one stage of one document.",
            ["stage"],
            buckets=_STAGE_BUCKETS_S,
            registry=self._registry,
        )
        self._stage_cpu_seconds = self._counter(
            "stage_cpu_seconds", "CPU time of the worker itself in one stage, without its children.", "stage"
        )
        self.reading_cpu_seconds = self._gauge(
            "reading_cpu_seconds", "CPU time of the document processes that have ended."
        )

    @contextmanager
    def time_stage(self, stage: str) -> Iterator[None]:
        """Add the wall and CPU time of this thread inside the block to a stage, also on failure."""
        began, cpu_began = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self._stage_seconds.labels(stage=stage).observe(time.perf_counter() - began)
            self._stage_cpu_seconds.labels(stage=stage).inc(time.thread_time() - cpu_began)

    def watch(
        self, name: str, meaning: str, values: Callable[[], Iterable[tuple[Mapping[str, str], float]]]
    ) -> None:
        """Show a gauge whose labels, too, are read from `values` at every scrape; absent ones vanish."""
        self._registry.register(_Live(name=f"cis_{name}", meaning=meaning, values=values))

    def render(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._registry)

    def _record_counters(self) -> tuple[Counter, Counter]:
        ignored = "Known events that change no content, acknowledged."
        rejected = "Messages, and single records of them, dead-lettered unprocessed."
        return (
            self._counter("events_ignored", ignored, "kind"),
            self._counter("records_rejected", rejected, "code"),
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"cis_{name}", meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"cis_{name}", meaning, labels, registry=self._registry)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Live:
    name: str
    meaning: str
    values: Callable[[], Iterable[tuple[Mapping[str, str], float]]]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One sample for each of the present values, as prometheus-client asks for them."""
        values = [*self.values()]
        family = GaugeMetricFamily(self.name, self.meaning, labels=sorted(values[0][0]) if values else [])
        for labels, value in values:
            family.add_metric([labels[label] for label in sorted(labels)], value)
        yield family
