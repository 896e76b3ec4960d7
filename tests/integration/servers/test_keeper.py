"""The servers of a test run: one for all its workers, and none after its end, even by SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.servers.catalogue import DYNALITE
from tests.servers.fixtures import UrlOf
from tests.servers.kind import ROOT
from tests.servers.running import answers

pytestmark = pytest.mark.integration

INNER_RUN = """
import threading
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(4))
def test_inner(number, dynamodb_url, tmp_path_factory, worker_id):
    Path({folder!r}, f"{{worker_id}}-{{number}}").write_text(dynamodb_url)
    threading.Event().wait({wait_s})
"""


@pytest.fixture(autouse=True)
def needed(server_url: UrlOf, monkeypatch: pytest.MonkeyPatch) -> str:
    """Skips where no server can be started."""
    monkeypatch.delenv(DYNALITE.variable, raising=False)
    return server_url(DYNALITE)


def start(folder: Path, *, wait_s: int) -> subprocess.Popen[str]:
    """A pytest of two workers whose four tests write their server's URL into a file and then wait."""
    written = folder / "urls"
    written.mkdir()
    test = folder / "test_inner.py"
    test.write_text(INNER_RUN.format(folder=str(written), wait_s=wait_s), encoding="utf-8")
    (folder / "conftest.py").write_text('pytest_plugins = ["tests.servers.fixtures"]\n', encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV", "TEST_"))}
    return subprocess.Popen(
        (
            *(sys.executable, "-m", "pytest", "-n", "2", "-q", "-p", "no:cacheprovider"),
            *("--rootdir", str(folder), "-c", os.devnull, "--basetemp", str(folder / "temp"), str(test)),
        ),
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def killed_after(run: subprocess.Popen[str]) -> Iterator[None]:
    """SIGKILL for pytest's controller, so that none of its clean-up runs."""
    try:
        yield
    finally:
        run.kill()


def until(holds: Callable[[], bool], within_s: float) -> bool:
    """Whether a condition holds in time."""
    deadline = time.monotonic() + within_s
    never = threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            return False
        never.wait(0.1)
    return True


def urls(folder: Path) -> set[str]:
    """The URLs that the inner tests wrote; an empty file is being written."""
    return {path.read_text() for path in (folder / "urls").iterdir()} - {""}


def processes(folder: Path) -> list[str]:
    """Keepers of the run, and what was started by them."""
    found = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
            if str(folder) in " ".join(line) and "tests.servers.keeper" in line:
                found += [" ".join(line), *(" ".join(child.cmdline()) for child in process.children())]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_all_workers_of_a_run_share_one_server_that_ends_with_the_run(tmp_path: Path) -> None:
    with start(tmp_path, wait_s=0) as run:
        output, _ = run.communicate(timeout=400)
    assert "4 passed" in output
    assert len(urls(tmp_path)) == 1
    url = urls(tmp_path).pop()
    assert until(lambda: not answers(DYNALITE.question, url), 120)
    assert until(lambda: processes(tmp_path) == [], 120)


def test_a_run_that_is_killed_leaves_no_server_and_no_keeper(tmp_path: Path) -> None:
    with start(tmp_path, wait_s=600) as run, killed_after(run):
        assert until(lambda: len(urls(tmp_path)) == 1, 300)
        url = urls(tmp_path).pop()
        kept = processes(tmp_path)
        assert len(kept) == 2, "a keeper and its server"
        assert answers(DYNALITE.question, url)
    assert run.returncode == -signal.SIGKILL
    assert until(lambda: not answers(DYNALITE.question, url), 120)
    assert until(lambda: processes(tmp_path) == [], 120)


def test_a_keeper_that_is_killed_takes_its_server_along(tmp_path: Path) -> None:
    with start(tmp_path, wait_s=600) as run, killed_after(run):
        assert until(lambda: len(urls(tmp_path)) == 1, 300)
        url = urls(tmp_path).pop()
        [keeper] = [
            process
            for process in psutil.process_iter(["cmdline"])
            if "tests.servers.keeper" in (process.info["cmdline"] or [])
            and str(tmp_path) in " ".join(process.info["cmdline"])
        ]
        keeper.kill()
        assert until(lambda: not answers(DYNALITE.question, url), 120)
