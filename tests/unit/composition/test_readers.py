"""Readers that begin before the worker is imported."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from worker.composition.readers import begin_readers
from worker.config import load_settings

pytestmark = pytest.mark.unit


def test_the_process_runs_at_once_and_is_warm_when_its_owner_waits_for_it(tmp_path: Path) -> None:
    before = psutil.Process().children()
    readers = begin_readers(load_settings(work_dir=tmp_path))
    try:
        assert len(psutil.Process().children()) == len(before) + 1
        assert readers.fork_server.start().tesseract
    finally:
        readers.close()
    assert psutil.Process().children() == before
    assert list(tmp_path.iterdir()) == []


def test_one_that_nobody_waited_for_is_ended_without_waiting_for_its_imports(tmp_path: Path) -> None:
    before = psutil.Process().children()
    readers = begin_readers(load_settings(work_dir=tmp_path))
    (process,) = set(psutil.Process().children()) - set(before)
    began = time.monotonic()
    readers.close()
    readers.close()
    # It would be waited for at least five seconds, and then be killed.
    assert time.monotonic() - began < 4
    assert not process.is_running()
    assert list(tmp_path.iterdir()) == []


def test_to_begin_them_imports_nothing_of_the_worker_that_takes_long() -> None:
    code = "import json, sys, worker.composition.readers; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    heavy = {"boto3", "botocore", "structlog", "tenacity", "prometheus_client", "numpy", "worker.app"}
    assert set(json.loads(done.stdout)) & heavy == set()
