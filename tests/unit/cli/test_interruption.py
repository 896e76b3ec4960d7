"""Ctrl-C: once to end gently, twice to end at once."""

from __future__ import annotations

import signal
import threading

import pytest

from worker.cli.interruption import handle_signals

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_only_requests_a_stop(number: signal.Signals, status: int) -> None:
    with handle_signals() as interruption:
        before = interruption.status
        signal.raise_signal(number)
        assert interruption.is_requested
    assert (before, interruption.status) == (0, status)


def test_the_second_signal_interrupts_and_the_first_one_sets_the_status() -> None:
    with handle_signals() as interruption:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert interruption.status == 130


def test_the_former_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with handle_signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_wait_ends_with_its_time_or_at_a_stop() -> None:
    with handle_signals() as interruption:
        assert interruption.wait(0.0) is False
        assert interruption.wait(0.01) is False
        timer = threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT))
        timer.start()
        assert interruption.wait(600.0) is True
        timer.join()
