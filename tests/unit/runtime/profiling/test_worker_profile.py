"""The worker's own profile begins and ends with a block, and leaves nothing when none is ordered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from worker.runtime.profiling.worker_profile import SNAPSHOT_SIGNAL, worker_profile

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]
PROGRAM = """
import os, signal, sys
from worker.runtime.profiling.profile_order import profile_order
from worker.runtime.profiling.worker_profile import SNAPSHOT_SIGNAL, worker_profile

before = signal.getsignal(SNAPSHOT_SIGNAL)
with worker_profile(profile_order(f"allocations:{sys.argv[1]}")):
    os.kill(os.getpid(), SNAPSHOT_SIGNAL)
assert signal.getsignal(SNAPSHOT_SIGNAL) is before
"""


def test_nothing_happens_without_an_order() -> None:
    before = signal.getsignal(SNAPSHOT_SIGNAL)
    with worker_profile(None):
        assert signal.getsignal(SNAPSHOT_SIGNAL) is before


def test_a_signal_writes_a_record_and_so_does_the_end(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=True, cwd=ROOT, capture_output=True)
    labels = [json.loads(line)["label"] for line in (tmp_path / "worker.jsonl").read_text().splitlines()]
    assert labels == ["snapshot", ""]
