"""What importing the scheduler costs; what it does is on the integration floor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
_PARSERS = {
    "PIL",
    "pillow_heif",
    "lxml",
    "pypdfium2",
    "pytesseract",
    "pdf2image",
    "numpy",
    "magic",
    "openpyxl",
}
_READERS = {"text", "image", "ocr", "pdf", "office", "extractors", "type_detection", "capabilities"}
_READERS |= {"page_source"}
_PARSERS |= {"openpyxl", "olefile"}
_MAX_RSS_KB = 30_000


@pytest.fixture(scope="module")
def loaded() -> tuple[set[str], int]:
    """The modules that a fresh process has after importing the scheduler, and its memory in KB."""
    program = (
        "import json, sys, worker.sandbox.scheduler\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(json.dumps([list(sys.modules), int(status['VmRSS'].split()[0])]))\n"
    )
    # An empty environment, so that coverage does not measure this process, and add to it.
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={}, capture_output=True, check=True, timeout=120
    )
    modules, rss_kb = json.loads(done.stdout)
    return set(modules), rss_kb


def test_the_worker_process_loads_no_parser(loaded: tuple[set[str], int]) -> None:
    modules, _ = loaded
    assert {name.split(".")[0] for name in modules} & _PARSERS == set()
    readers = {f"worker.extract.{name}" for name in _READERS}
    assert modules & readers == set()
    assert "worker.sandbox.protocol" in modules


def test_the_worker_process_stays_small(loaded: tuple[set[str], int]) -> None:
    _, rss_kb = loaded
    assert rss_kb < _MAX_RSS_KB
