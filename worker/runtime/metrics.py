"""The Prometheus metrics of one worker; docs/observability.md lists them, and a test compares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from worker.runtime import tally
from worker.runtime.oldest_message import OldestMessage

# From an index write to a scan of a hundred pages.
_STAGE_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
# From a text file on an idle fleet to a week of backlog.
_WAY_BUCKETS_S = (1, 3, 10, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400, 604_800)
_SERVICES = ("sqs", "s3", "dynamodb", "bedrock-runtime", "opensearch")
_STORED_KINDS = ("artifact", "thumbnail", "vectors", "checkpoint", "index", "ledger")

# A gauge beside each counter says when it was made: twice the series, and the process has its start time.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The counters and gauges of one worker; names begin with `cis_`, times are in seconds.

    What only grows is a counter. Labels come from closed lists (states, codes, stages, models, operations),
    never from file names.
    """

    def __init__(self) -> None:
        # Not the global registry: two workers in one process (tests) must not share their counters.
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
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
        self.deletes_pending = self._gauge("deletes_pending", "Finished messages that wait for their delete.")
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
        self._add_events()
        self._add_delivery()
        self._add_services()
        self._add_costs()
        self._add_times()

    def _add_group(self) -> None:
        self.lifecycle_actions = self._counter(
            "lifecycle_actions", "Lifecycle actions of the Auto Scaling group at a stop.", "result"
        )
        self.scale_in_protected = self._gauge(
            "scale_in_protected", "1 while the Auto Scaling group must not take this instance."
        )

    def _add_events(self) -> None:
        self.document_events = self._counter(
            "document_events", "Events of end states, by whether the target accepted them.", "type", "result"
        )
        self.events_backlog = self._gauge("events_backlog", "Events that wait in the ledger to be sent.")

    def _add_delivery(self) -> None:
        self.interruptions = self._counter(
            "interruptions", "Notices to this machine and stops of this process, by kind.", "kind"
        )
        for kind in ("spot", "rebalance", "scale_in", "detached", "standby", "warm_pool", "signal"):
            self.interruptions.labels(kind=kind)
        self.requeues = self._counter(
            "requeues", "Messages replaced by a fresh copy: interrupted, or received too often.", "reason"
        )
        for reason in ("interrupted", "receives"):
            self.requeues.labels(reason=reason)
        self.pages_saved = self._counter("pages_saved", "Pages written to a checkpoint.")
        self.pages_taken_over = self._counter("pages_taken_over", "Pages read from an earlier attempt's.")
        self.leases_lost = self._counter("leases_lost", "Messages whose lease ended while they were held.")
        self.fences_refused = self._counter("fences_refused", "Writes refused as stale, by store.", "store")
        for store in ("ledger", "index"):
            self.fences_refused.labels(store=store)
        self.local_faults_in_a_row = self._gauge(
            "local_faults_in_a_row", "Documents that failed by this machine since the last that did not."
        )
        self.oldest_message = OldestMessage()
        self.oldest_message_age_seconds = self._gauge(
            "oldest_message_age_seconds", "Age of the oldest message in hand or received in the last minute."
        )
        self.oldest_message_age_seconds.set_function(self.oldest_message.age_s)

    def _add_services(self) -> None:
        self.aws_calls = self._counter(
            "aws_calls", "Calls to AWS, retries not counted.", "service", "operation"
        )
        self.retries = self._counter("retries", "Requests repeated, by service.", "service")
        self.throttles = self._counter("throttles", "Requests refused as too many, by service.", "service")
        for service in _SERVICES:
            self.retries.labels(service=service)
            self.throttles.labels(service=service)
        self.breaker_openings = self._counter(
            "breaker_openings", "Times that calls to a service were suspended.", "service"
        )
        self._build = Info("cis_build", "The program that runs.", registry=self._registry)

    def _add_costs(self) -> None:
        self.renewal_calls = self._counter(
            "renewal_calls", "Calls that keep leases, of all calls to AWS.", "service", "operation"
        )
        self.empty_polls = self._counter("empty_polls", "Polls of the queue that brought no message.")
        self.opensearch_calls = self._counter("opensearch_calls", "Requests to OpenSearch.", "operation")
        self._bedrock_tokens = self._counter("bedrock_tokens", "Input tokens of embeddings.", "model")
        self._bedrock_pictures = self._counter("bedrock_pictures", "Pictures embedded.", "model")
        self._ocr_cpu_seconds = self._counter("ocr_cpu_seconds", "CPU time of OCR, rendering included.")
        self._stored_bytes = self._counter("stored_bytes", "Bytes written of documents, by place.", "kind")
        for kind in _STORED_KINDS:
            self._stored_bytes.labels(kind=kind)
        self._document_calls = self._counter(
            "document_calls", "Requests of committed documents, retries included.", "service"
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
        self._event_to_indexed_seconds = Histogram(
            "cis_event_to_indexed_seconds",
            "From the event of a file to its entry in the index.",
            buckets=_WAY_BUCKETS_S,
            registry=self._registry,
        )

    def set_build(self, *, version: str, pipeline: str) -> None:
        """Name the program: the package's version, and that of what decides the text of a file."""
        self._build.info({"version": version, "pipeline": pipeline})

    def observe_indexed(self, *, event_ms: int) -> None:
        """A file was written to the index, whose event was at `event_ms` (0: not known)."""
        if event_ms > 0:
            # The clocks of two machines: a negative time is none.
            self._event_to_indexed_seconds.observe(max(0.0, time.time() - event_ms / 1000))

    def pages_read(self) -> float:
        """Pages of all sources so far."""
        families = self.pages_total.collect()
        samples = (sample for family in families for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name == "cis_pages_total")

    def count_pending(self, kind: str) -> None:
        """A document is committed with its index write or vectors pending."""
        self.documents_pending.labels(kind=kind).inc()
        tally.count(f"{kind}_pending")

    def count_embedding(self, model: str, *, tokens: int, pictures: int) -> None:
        """An answer of Bedrock, which is charged by its input."""
        self._bedrock_tokens.labels(model=model).inc(tokens)
        self._bedrock_pictures.labels(model=model).inc(pictures)
        tally.count("bedrock_tokens", tokens)
        tally.count("bedrock_pictures", pictures)

    def count_ocr(self, *, wall_s: float, cpu_s: float) -> None:
        """A page was OCRed, whether or not that succeeded."""
        self.ocr_seconds.inc(wall_s)
        self._ocr_cpu_seconds.inc(cpu_s)
        tally.add_ocr(wall_s=wall_s, cpu_s=cpu_s)

    def count_document_calls(self, calls: Mapping[str, int]) -> None:
        """The requests by service of a document that is committed."""
        for service, number in calls.items():
            self._document_calls.labels(service=service).inc(number)

    @contextmanager
    def measure_attempt(self) -> Iterator[tally.Tally]:
        """Count what this thread, and what it starts, does inside for one document."""
        with tally.open_tally() as ours:
            try:
                yield ours
            finally:
                for kind, size_bytes in ours.stored_bytes.copy().items():
                    self._stored_bytes.labels(kind=kind).inc(size_bytes)

    @contextmanager
    def time_stage(self, stage: str) -> Iterator[None]:
        """Add the wall and CPU time of this thread inside the block to a stage, also on failure."""
        began, cpu_began = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            tally.add_seconds(stage, seconds)
            self._stage_seconds.labels(stage=stage).observe(seconds)
            self._stage_cpu_seconds.labels(stage=stage).inc(time.thread_time() - cpu_began)

    def watch(
        self, name: str, meaning: str, values: Callable[[], Iterable[tuple[Mapping[str, str], float]]]
    ) -> None:
        """Show a gauge whose labels, too, are read from `values` at every scrape; absent ones vanish."""
        self._registry.register(_Live(name=f"cis_{name}", meaning=meaning, values=values))

    def watch_sum(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show a counter that is kept elsewhere, read at every scrape; it must only grow."""
        self._registry.register(
            _Live(name=f"cis_{name}", meaning=meaning, values=lambda: [({}, value())], is_counter=True)
        )

    def collect(self) -> Iterable[Metric]:
        """All metrics as values."""
        return self._registry.collect()

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
    is_counter: bool = False

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """One sample for each of the present values, as prometheus-client asks for them."""
        values = [*self.values()]
        kind = CounterMetricFamily if self.is_counter else GaugeMetricFamily
        family = kind(self.name, self.meaning, labels=sorted(values[0][0]) if values else [])
        for labels, value in values:
            family.add_metric([labels[label] for label in sorted(labels)], value)
        yield family
