"""What one document took is counted in the thread that works on it."""

from __future__ import annotations

import threading

import pytest

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
