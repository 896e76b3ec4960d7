"""The tests that fail now and then are named, and no busy loop outlives the script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from scripts.flaky import HOG

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SCRIPT = Path(__file__).parents[3] / "scripts" / "flaky.py"
SUITE = """
from pathlib import Path

COUNT = Path(__file__).with_name("count")

def test_sound():
    assert True

def test_every_other_time():
    number = int(COUNT.read_text()) if COUNT.exists() else 0
    COUNT.write_text(str(number + 1))
    assert number % 2
"""


def start(folder: Path, suite: str, runs: int) -> subprocess.Popen[str]:
    test = folder / "test_inner.py"
    test.write_text(suite, encoding="utf-8")
    arguments = ["-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull, str(test)]
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(runs), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def hogs(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Busy loops whose parent is, or was, this process."""
    found = []
    for each in psutil.process_iter(["cmdline", "status"]):
        command = each.info["cmdline"] or []
        if HOG in command and str(process.pid) in command and each.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(each)
    return found


def wait_for(holds: Callable[[], bool], timeout_s: float = 300.0) -> None:
    deadline, never = time.monotonic() + timeout_s, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.05)


def test_a_test_that_fails_every_other_time_is_named_with_its_count(tmp_path: Path) -> None:
    process = start(tmp_path, SUITE, runs=2)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "1 of 2: test_inner.py::test_every_other_time" in output
    assert "::test_sound" not in output
    assert "flaky: 1 tests failed in 2 runs" in output
    assert hogs(process) == []


def test_a_sound_suite_ends_with_success(tmp_path: Path) -> None:
    process = start(tmp_path, "def test_sound():\n    assert True\n", runs=1)
    output, _ = process.communicate(timeout=600)
    assert (process.returncode, "flaky: 0 tests failed in 1 runs" in output) == (0, True)


def test_a_suite_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    process = start(tmp_path, "import nothing_of_this_name\n", runs=1)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "1 of 1: " in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_busy_loop_outlives_the_script(tmp_path: Path, number: signal.Signals) -> None:
    suite = "import threading\n\ndef test_long():\n    threading.Event().wait(800)\n"
    process = start(tmp_path, suite, runs=1)
    try:
        wait_for(lambda: len(hogs(process)) == 2 * (os.cpu_count() or 1))
        process.send_signal(number)
        process.wait(300)
        wait_for(lambda: hogs(process) == [])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode != 0
