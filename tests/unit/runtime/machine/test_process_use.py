"""What a process and its children have used, by /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worker.runtime.machine.process_use import ProcessUse, use_of

pytestmark = pytest.mark.unit

_SPIN = "while True: pass"
_SPIN_IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{_SPIN}'])"
_SLEEP = "import signal; signal.pause()"


@pytest.fixture
def start() -> Iterator[Callable[[str], int]]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(program: str) -> int:
        started.append(subprocess.Popen([sys.executable, "-c", program], start_new_session=True))
        return started[-1].pid

    yield begin
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until(pid: int, is_wanted: Callable[[ProcessUse], bool]) -> ProcessUse:
    """What it uses as soon as that is as wanted; the suite's own limit ends a test in which it never is."""
    while True:
        use = use_of(pid)
        assert use is not None
        if is_wanted(use):
            return use


@pytest.mark.parametrize("program", [_SPIN, _SPIN_IN_A_CHILD], ids=["itself", "its child"])
def test_what_spins_gains_time_and_is_runnable(start: Callable[[str], int], program: str) -> None:
    pid = start(program)
    first = _until(pid, lambda use: use.cpu_s > 0.2)
    later = _until(pid, lambda use: use.cpu_s > first.cpu_s)
    assert later.is_runnable


@pytest.mark.parametrize("is_stopped", [False, True], ids=["sleeps", "stopped"])
def test_what_hangs_does_not_want_to_run(start: Callable[[str], int], is_stopped: bool) -> None:
    pid = start(_SPIN if is_stopped else _SLEEP)
    if is_stopped:
        os.kill(pid, signal.SIGSTOP)
    assert not _until(pid, lambda use: not use.is_runnable).is_runnable


def test_of_a_process_that_is_gone_nothing_is_known(tmp_path: Path) -> None:
    assert use_of(1, proc=tmp_path) is None


def test_the_time_of_children_that_ended_counts(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    for folder in ("7", "7/task/7"):
        (tmp_path / folder).mkdir(parents=True)
        fields = ["S", *["0"] * 10, *(str(seconds * ticks) for seconds in (1, 2, 4, 8)), "0"]
        (tmp_path / folder / "stat").write_text(f"7 (a ) b) {' '.join(fields)}")
    (tmp_path / "7/task/7/children").write_text("8 ")  # gone by now
    assert use_of(7, proc=tmp_path) == ProcessUse(cpu_s=15.0, is_runnable=False)
