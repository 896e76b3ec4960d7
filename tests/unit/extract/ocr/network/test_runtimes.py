"""OpenVINO as the fork server imports it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

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


def test_it_starts_no_thread_and_reports_its_use_to_nobody(require_module: Callable[..., None]) -> None:
    require_module("rapidocr", "openvino")

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": "", "HOME": "/nonexistent"},
    )

    assert done.stdout == "1 []\n"


_DENIED = """
import mmap

def refuse(*arguments, **options):
    raise PermissionError("operation not permitted")

mmap.mmap = refuse
from worker.extract.ocr.network.runtimes import runtime_versions
print(bool(runtime_versions()[0]), bool(runtime_versions()[1]))
"""


def test_without_leave_to_write_code_and_run_it_the_other_runtime_is_used(
    require_module: Callable[..., None],
) -> None:
    require_module("openvino", "onnxruntime")

    done = subprocess.run([sys.executable, "-c", _DENIED], capture_output=True, text=True, check=True)

    assert done.stdout == "False True\n"
