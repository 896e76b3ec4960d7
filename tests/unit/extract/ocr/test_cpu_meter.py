"""The CPU time of pages: of all threads, and of the programs that they start."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from worker.extract.ocr.cpu_meter import CpuMeter

pytestmark = pytest.mark.unit


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def run_program(seconds: float) -> None:
    code = f"import time\nwhile time.process_time() < {seconds}: pass"
    subprocess.run([sys.executable, "-S", "-c", code], check=True)


def test_a_page_has_the_time_of_its_threads_and_of_its_programs() -> None:
    meter = CpuMeter()
    meter.begin()
    burn(0.05)
    other = threading.Thread(target=burn, args=(0.2,))
    other.start()
    other.join()
    run_program(0.1)
    assert meter.end() >= 0.34


def test_what_ran_before_the_first_page_is_not_counted() -> None:
    meter = CpuMeter()
    burn(0.2)
    run_program(0.2)
    meter.begin()
    assert meter.end() < 0.2


def test_two_pages_side_by_side_have_what_both_used_once() -> None:
    meter = CpuMeter()
    meter.begin()
    meter.begin()
    run_program(0.2)
    first_s, second_s = meter.end(), meter.end()
    assert first_s >= 0.2
    assert second_s < 0.2
