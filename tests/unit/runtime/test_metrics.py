"""The figures a worker shows, read back from the text Prometheus would get."""

from __future__ import annotations

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


def parse_figures(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample as (name, sorted labels) -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_counters_are_rendered_under_their_names_and_labels() -> None:
    metrics = Metrics()
    metrics.documents_total.labels(state="partial", reason="timeout").inc()
    metrics.pages_total.labels(source="ocr").inc(12)
    metrics.ocr_seconds.inc(2.5)
    metrics.embedding_calls.labels(model="amazon.titan-embed-image-v1", result="ok").inc()
    metrics.received.inc(10)
    metrics.settled.labels(ending="done").inc()
    metrics.queue_errors.inc()
    metrics.lease_renewals.inc()
    metrics.lease_renewal_failures.inc()
    figures = parse_figures(metrics)
    assert figures["cis_documents_total", (("reason", "timeout"), ("state", "partial"))] == 1
    assert figures["cis_pages_total", (("source", "ocr"),)] == 12
    assert figures["cis_ocr_seconds_total", ()] == 2.5
    assert (
        figures["cis_embedding_calls_total", (("model", "amazon.titan-embed-image-v1"), ("result", "ok"))]
        == 1
    )
    assert figures["cis_received_total", ()] == 10
    assert figures["cis_settled_total", (("ending", "done"),)] == 1
    assert figures["cis_queue_errors_total", ()] == 1
    assert figures["cis_lease_renewals_total", ()] == 1
    assert figures["cis_lease_renewal_failures_total", ()] == 1


def test_gauges_go_up_and_down() -> None:
    metrics = Metrics()
    metrics.in_flight.set(3)
    metrics.parked.set(1)
    metrics.metadata_unreachable.set(1)
    metrics.shutdown_requested.set(1)
    metrics.breaker_open.labels(service="bedrock").set(1)
    metrics.in_flight.set(0)
    figures = parse_figures(metrics)
    assert figures["cis_in_flight", ()] == 0
    assert figures["cis_parked", ()] == 1
    assert figures["cis_metadata_unreachable", ()] == 1
    assert figures["cis_shutdown_requested", ()] == 1
    assert figures["cis_breaker_open", (("service", "bedrock"),)] == 1


def test_a_new_worker_renders_zeros() -> None:
    figures = parse_figures(Metrics())
    assert figures["cis_received_total", ()] == 0
    assert figures["cis_in_flight", ()] == 0


def test_two_workers_in_one_process_do_not_share_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.received.inc()
    assert parse_figures(other)["cis_received_total", ()] == 0


def test_what_only_grows_is_a_counter_and_names_follow_prometheus() -> None:
    metrics = Metrics()
    metrics.watch_sum("reading_cpu_seconds", "CPU.", lambda: 2.5)
    families = [*text_string_to_metric_families(metrics.render().decode())]
    for family in families:
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert not sample.name.endswith("_created")
    assert parse_figures(metrics)["cis_reading_cpu_seconds_total", ()] == 2.5


def test_closed_lists_of_labels_are_there_from_the_start() -> None:
    figures = parse_figures(Metrics())
    for kind in ("spot", "rebalance", "scale_in", "detached", "standby", "warm_pool", "signal"):
        assert figures["cis_interruptions_total", (("kind", kind),)] == 0
    assert figures["cis_throttles_total", (("service", "bedrock-runtime"),)] == 0
    assert figures["cis_retries_total", (("service", "opensearch"),)] == 0
    assert figures["cis_fences_refused_total", (("store", "index"),)] == 0


def test_process_and_build_are_shown() -> None:
    metrics = Metrics()
    metrics.set_build(version="1.2.3", pipeline="7")
    figures = parse_figures(metrics)
    assert figures["cis_build_info", (("pipeline", "7"), ("version", "1.2.3"))] == 1
    assert figures["process_resident_memory_bytes", ()] > 0
    assert figures["process_open_fds", ()] > 0
    assert figures["process_start_time_seconds", ()] > 0


def test_pages_of_all_sources_are_counted_together() -> None:
    metrics = Metrics()
    assert metrics.pages_read() == 0
    metrics.pages_total.labels(source="ocr").inc(3)
    metrics.pages_total.labels(source="text_layer").inc(4)
    assert metrics.pages_read() == 7


def test_the_time_from_event_to_index_is_never_negative_and_unknown_ones_are_left_out() -> None:
    metrics = Metrics()
    metrics.observe_indexed(event_ms=0)
    metrics.observe_indexed(event_ms=int(time.time() * 1000) + 3_600_000)
    metrics.observe_indexed(event_ms=int(time.time() * 1000) - 3_600_000)
    figures = parse_figures(metrics)
    assert figures["cis_event_to_indexed_seconds_count", ()] == 2
    assert figures["cis_event_to_indexed_seconds_bucket", (("le", "1.0"),)] == 1
    assert 3_600 <= figures["cis_event_to_indexed_seconds_sum", ()] < 7_200


def test_a_stage_is_timed_also_when_it_fails() -> None:
    metrics = Metrics()
    with metrics.time_stage("download"):
        pass
    with pytest.raises(OSError, match="disk full"), metrics.time_stage("download"):
        raise OSError("disk full")
    figures = parse_figures(metrics)
    assert figures["cis_stage_seconds_count", (("stage", "download"),)] == 2
    assert figures["cis_stage_seconds_sum", (("stage", "download"),)] >= 0


def test_a_stage_is_timed_by_the_clock_and_by_the_cpu_also_when_it_fails() -> None:
    metrics = Metrics()

    def fail() -> None:
        with metrics.time_stage("index"):
            sum(range(100_000))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    with metrics.time_stage("index"):
        pass
    figures = parse_figures(metrics)
    stage = (("stage", "index"),)
    assert figures["cis_stage_seconds_count", stage] == 2
    assert 0 < figures["cis_stage_cpu_seconds_total", stage] <= figures["cis_stage_seconds_sum", stage] + 0.01
