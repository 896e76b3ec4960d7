"""What is counted, for Prometheus: one registry a worker, so that two in one process never mix."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_STAGE_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


class Metrics:
    """The counters and gauges of one worker; names begin with `cis_`, times are in seconds.

    Labels come from closed lists (states, codes, stages, models), never from file names.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.documents_total = self._counter("documents", "Documents by end state.", "state", "reason")
        self.pages_total = self._counter("pages", "Pages by the source of their text.", "source")
        self.ocr_seconds = self._counter("ocr_seconds", "Wall time spent recognising pages.")
        self.embedding_calls = self._counter("embedding_calls", "Embeddings asked for.", "model", "result")
        self.left_pending = self._counter("left_pending", "Documents committed with it pending.", "kind")
        self.filled = self._counter("filled", "Pending documents tried again.", "kind", "result")
        self.received = self._counter("received", "Messages received.")
        self.settled = self._counter("settled", "Messages settled, by the ending.", "ending")
        self.queue_errors = self._counter("queue_errors", "Polls of the queue that failed.")
        self.beats_landed = self._counter("beats_landed", "Heartbeats that extended a lease.")
        self.beats_failed = self._counter("beats_failed", "Heartbeats that did not.")
        self.in_flight = self._gauge("in_flight", "Messages being worked on.")
        self.parked = self._gauge("parked", "Messages waiting for a file another attempt holds.")
        self.pending_seen = self._gauge("pending_seen", "Pending documents last seen, at most 100 a shard.")
        self.metadata_blind = self._gauge("metadata_blind", "1 while instance metadata cannot be read.")
        self.shutdown_requested = self._gauge("shutdown_requested", "1 once a stop was asked for.")
        self.breaker_open = self._gauge("breaker_open", "1 while a service is not called.", "service")
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
            "reading_cpu_seconds", "CPU time of the processes that read documents, of those that ended."
        )

    @contextmanager
    def time_stage(self, stage: str) -> Iterator[None]:
        """Add the time spent inside, by the clock and of this thread's CPU, to that stage; on failure too."""
        began, cpu_began = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self._stage_seconds.labels(stage=stage).observe(time.perf_counter() - began)
            self._stage_cpu_seconds.labels(stage=stage).inc(time.thread_time() - cpu_began)

    def render(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"cis_{name}", meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"cis_{name}", meaning, labels, registry=self._registry)
