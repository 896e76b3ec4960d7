"""What one document took is counted in the thread that works on it."""

from __future__ import annotations

import threading
from contextvars import copy_context

import pytest

from tests.unit.runtime.test_metrics import parse_figures
from worker.runtime import tally
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit


def test_seconds_calls_and_counts_are_added_up() -> None:
    metrics = Metrics()
    with tally.open_tally() as ours:
        with metrics.time_stage("index"):
            pass
        tally.add_seconds("embed", 1.23456)
        tally.add_seconds("embed", 1)
        tally.count_call("s3")
        tally.count_call("s3")
        tally.count("pages_ocred", 3)
        assert tally.current() is ours
    assert ours.rounded_seconds()["embed"] == 2.235
    assert set(ours.rounded_seconds()) == {"index", "embed"}
    assert dict(ours.calls) == {"s3": 2}
    assert ours.counts["pages_ocred"] == 3


def test_another_thread_and_what_comes_after_count_for_nobody() -> None:
    with tally.open_tally() as ours:
        other = threading.Thread(target=tally.count_call, args=("s3",))
        other.start()
        other.join()
    tally.count_call("s3")
    assert not ours.calls
    assert not tally.current().calls


def test_another_thread_counts_for_a_document_in_a_copy_of_its_context() -> None:
    with tally.open_tally() as ours:
        context = copy_context()
        other = threading.Thread(target=context.run, args=(tally.count_call, "s3", "PutObject"))
        other.start()
        other.join()
    assert ours.operations_by_service() == {"s3": {"PutObject": 1}}


def test_renewals_are_for_no_document() -> None:
    with tally.open_tally() as ours, tally.renewals():
        assert tally.is_renewing()
        tally.count_call("sqs", "ChangeMessageVisibilityBatch")
    assert not tally.is_renewing()
    assert not ours.calls


def test_what_is_replaced_is_stored_once_and_ocr_has_two_times() -> None:
    with tally.open_tally() as ours:
        for size_bytes in (100, 80):
            tally.set_stored("ledger", size_bytes)
            tally.add_stored("checkpoint", size_bytes)
        tally.add_ocr(wall_s=2.0, cpu_s=1.25)
    assert dict(ours.stored_bytes) == {"ledger": 80, "checkpoint": 180}
    assert (ours.rounded_seconds(), ours.ocr_cpu_s) == ({"ocr": 2.0}, 1.25)


def test_an_attempt_that_fails_has_its_costs_in_the_metrics() -> None:
    metrics = Metrics()

    def fail() -> None:
        with metrics.measure_attempt():
            tally.add_stored("checkpoint", 5)
            metrics.count_ocr(wall_s=2.0, cpu_s=1.5)
            metrics.count_embedding("m", tokens=7, pictures=1)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    figures = parse_figures(metrics)
    assert figures["cis_stored_bytes_total", (("kind", "checkpoint"),)] == 5
    assert figures["cis_ocr_cpu_seconds_total", ()] == 1.5
    assert figures["cis_bedrock_tokens_total", (("model", "m"),)] == 7
    assert figures["cis_bedrock_pictures_total", (("model", "m"),)] == 1
