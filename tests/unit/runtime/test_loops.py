"""The thin threads."""

from __future__ import annotations

import pytest

from worker.runtime.loops import Loop
from worker.runtime.shutdown import Shutdown

pytestmark = pytest.mark.unit


def test_a_loop_steps_until_its_end() -> None:
    steps: list[int] = []
    loop = Loop(name="x", step=lambda: steps.append(1), is_over=lambda: len(steps) == 3)
    loop.start(Shutdown(timeout_s=1)).join(10)
    assert len(steps) == 3


def test_a_step_that_raises_is_followed_by_the_next() -> None:
    calls: list[int] = []

    def step() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")

    shutdown = Shutdown(timeout_s=1)
    Loop(name="x", step=step, is_over=lambda: len(calls) == 2).run(shutdown)
    assert not shutdown.is_requested


def test_a_loop_that_only_fails_stops_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.runtime.loops.PAUSE_AFTER_ERROR_S", 0.0)
    error = RuntimeError("always")

    def step() -> None:
        raise error

    shutdown = Shutdown(timeout_s=1)
    Loop(name="x", step=step, is_over=lambda: False).run(shutdown)
    assert shutdown.failure is error
