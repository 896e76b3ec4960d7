"""OpenVINO as the fork server imports it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

_PROGRAM = """
import os, sys
from worker.extract.ocr.network.models import model_files
from worker.extract.ocr.network.runtimes import openvino, runtime_versions
from worker.extract.ocr.network.sessions import read_model
assert openvino() is not None and runtime_versions()[0]
read_model(str(model_files().recognition))
threads = len(os.listdir("/proc/self/task"))
print(threads, sorted({"openvino_telemetry", "omegaconf", "rapidocr"} & set(sys.modules)))
"""


def test_it_starts_no_thread_and_reports_its_use_to_nobody() -> None:
    pytest.importorskip("rapidocr")
    pytest.importorskip("openvino")

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": "", "HOME": "/nonexistent"},
    )

    assert done.stdout == "1 []\n"
