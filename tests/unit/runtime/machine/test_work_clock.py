"""Which time counts as work, and which is only waiting."""

from __future__ import annotations

import subprocess
import sys

import pytest

from worker.runtime.machine.process_use import ProcessUse
from worker.runtime.machine.work_clock import Net, WorkClock, wait_for, wait_under

pytestmark = pytest.mark.unit


def _seconds(*steps: tuple[float, float, bool] | None) -> float:
    """What the clock counts in steps of a second: CPU seconds so far and whether it wants to run."""
    clock = WorkClock(0.0)
    total_s = 0.0
    for second, step in enumerate(steps, start=1):
        use = None if step is None else ProcessUse(cpu_s=step[1], is_runnable=step[2])
        total_s += clock.advance(use, float(second) * (step[0] if step else 1.0))
    return total_s


@pytest.mark.parametrize(
    ("steps", "counted_s"),
    [
        ([(1.0, 1.0, True), (1.0, 2.0, True)], 2.0),
        ([(1.0, 2.0, True), (1.0, 4.0, True)], 4.0),
        ([(1.0, 0.0, True)] * 50, 1.0),
        ([(1.0, 0.0, False)] * 50, 50.0),
        ([(1.0, 0.01, False), (1.0, 0.02, False)], 2.0),
        ([None] * 50, 1.0),
        ([(3_600.0, 0.0, False)], 2.0),
    ],
    ids=["works", "two cores", "waits", "hangs", "hangs and wakes up", "hidden", "the reader was stopped"],
)
def test_work_and_hanging_count_and_waiting_for_the_processor_does_not(
    steps: list[tuple[float, float, bool] | None], counted_s: float
) -> None:
    assert _seconds(*steps) == pytest.approx(counted_s)


def test_a_program_that_ends_has_its_status() -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    assert wait_for(process, limit_s=60.0) == 7


@pytest.mark.parametrize("program", ["while True: pass", "import signal; signal.pause()"])
def test_a_program_that_spins_or_hangs_is_killed(program: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", program])
    with pytest.raises(subprocess.TimeoutExpired):
        wait_for(process, limit_s=0.3)
    assert process.returncode == -9


def test_without_killing_it_stays_until_the_caller_ends_it() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            wait_under(process, Net(process.pid, limit_s=0.3))
        assert process.poll() is None
    finally:
        process.kill()
    assert wait_under(process, None) == -9


def test_a_net_checks_its_process_now_and_then_only() -> None:
    now = [0.0]
    net = Net(2**22 + 1, limit_s=10.0, clock=lambda: now[0])  # no such process: only wall time is known
    for _ in range(490):
        now[0] += 1.0
        assert not net.is_over()
    now[0] += 20.0
    assert not net.is_over()
    for _ in range(20):
        now[0] += 1.0
        over = net.is_over()
    assert over
