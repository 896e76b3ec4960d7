"""Groups of processes are killed and reaped as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from worker.sandbox.forks.process_groups import (
    group_of,
    kill_and_reap,
    kill_group,
    kill_stray,
    own_children,
)

pytestmark = pytest.mark.unit


def _start_sleep() -> int:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    process.returncode = 0  # it is reaped here, and not by its object
    return process.pid


def test_a_group_is_killed_and_its_leaders_status_returned() -> None:
    pid = _start_sleep()
    assert group_of(pid) == pid
    code, cpu_s = kill_and_reap(pid)
    assert code == -signal.SIGKILL
    assert cpu_s >= 0
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)


def test_the_status_of_a_leader_that_ended_is_its_own() -> None:
    process = subprocess.Popen(["sh", "-c", "exit 3"], start_new_session=True)
    process.returncode = 0
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert kill_and_reap(process.pid)[0] == 3


def test_what_is_gone_is_no_error() -> None:
    pid = _start_sleep()
    kill_stray(pid)
    kill_stray(pid)
    kill_group(pid)
    assert group_of(pid) == pid


def test_the_children_of_this_thread_are_known() -> None:
    if not Path("/proc/thread-self/children").exists():
        pytest.skip("this kernel does not list children")
    pid = _start_sleep()
    deadline, tick = time.monotonic() + 60, threading.Event()
    while pid not in own_children():
        assert time.monotonic() < deadline
        tick.wait(0.01)
    kill_stray(pid)
    assert pid not in own_children()
