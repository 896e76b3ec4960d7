"""What importing the scheduler costs; what it does is on the integration floor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.read_options import OPTIONS
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.run_state import RunState
from worker.sandbox.scheduler import Sandbox

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


def test_pages_in_hand_are_those_of_open_documents_that_are_not_finished(tmp_path: Path) -> None:
    sandbox = Sandbox(options=OPTIONS, slots=1, work_root=tmp_path, environment={})
    assert sandbox.pages_left == 0
    for pages, finished in ((12, {1, 2}), (0, set()), (3, {1, 2, 3})):
        request = ExtractionRequest(path=tmp_path / "a.pdf", name="a.pdf", folder=tmp_path)
        state = RunState(request, limits=OPTIONS.limits, now=0.0)
        state._members.begin_document(pages)
        state.finished = finished
        sandbox._order.append(state)
    assert sandbox.pages_left == 10


def test_the_worker_process_stays_small(loaded: tuple[set[str], int]) -> None:
    _, rss_kb = loaded
    assert rss_kb < _MAX_RSS_KB
