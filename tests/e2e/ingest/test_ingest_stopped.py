"""`cis-worker ingest` stopped, killed, started twice, and with its output closed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from worker.samples.scans import write_scan

if TYPE_CHECKING:
    from tests.e2e.ingest.conftest import Place

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DEADLINE_S = 400
END_S = 120
LONG_PAGES = 40


def _first_lines(process: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    assert process.stdout is not None
    return [json.loads(process.stdout.readline()) for _ in range(count)]


def test_ctrl_c_keeps_what_is_finished_and_leaves_no_process(
    place: Place, running: list[subprocess.Popen[str]], until: Callable[..., None]
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (place.docs / name).write_text(f"text of {name}")
    write_scan(place.docs / "long.pdf", 30, dpi=110)
    process = place.start()
    running.append(process)
    lines = _first_lines(process, 3)
    started = psutil.Process(process.pid).children(recursive=True)
    assert started
    # To the whole group, as a terminal does with Ctrl-C.
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=END_S)
    assert process.returncode == 130, stderr
    assert "not reached" in stderr
    assert "Traceback" not in stderr
    until(lambda: not any(child.is_running() for child in started), timeout_s=END_S)
    assert sorted(Path(line["file_path"]).name for line in lines) == ["a.txt", "b.txt", "c.txt"]
    (place.docs / "long.pdf").unlink()
    place.forget_start()
    assert [line["skipped"] for line in place.ingest().lines] == [True] * 3
    assert not place.was_started


def test_the_pages_of_a_half_read_scan_are_not_read_again(
    place: Place, running: list[subprocess.Popen[str]], until: Callable[..., None]
) -> None:
    write_scan(place.docs / "long.pdf", LONG_PAGES, dpi=110)
    # One page at a time: when the first pages are kept, the others must take longer than a stop may.
    first = _stop_once_pages_are_kept(place, running, until)
    assert "1 not reached. Run the same command again to go on." in first
    second = _stop_once_pages_are_kept(place, running, until)
    # Pages that are taken over are not given to OCR: what was kept is what is not read again.
    assert f"({_pages_kept(first)} from an earlier run)" in second
    count, before = (int(_pages_kept(text).split()[0]) for text in (second, first))
    assert before < count < LONG_PAGES


def _stop_once_pages_are_kept(
    place: Place, running: list[subprocess.Popen[str]], until: Callable[..., None]
) -> str:
    """Run it until the home has newer pages than before, and press Ctrl-C; what it printed."""
    before = _pointers(place)
    process = place.start(CIS_SLOTS="1")
    running.append(process)
    until(lambda: _pointers(place) != before, timeout_s=DEADLINE_S)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=END_S)
    assert process.returncode == 130, stderr
    return stderr


def _pointers(place: Place) -> list[bytes]:
    return [path.read_bytes() for path in (place.home / "checkpoints").glob("*/pointer.json")]


def _pages_kept(stderr: str) -> str:
    found = re.search(r"kept, and ([0-9,]+ pages?) of what is not", stderr)
    assert found is not None, stderr
    return found[1]


def test_two_ctrl_c_end_at_once(
    place: Place, running: list[subprocess.Popen[str]], until: Callable[..., None]
) -> None:
    (place.docs / "a.txt").write_text("alpha")
    write_scan(place.docs / "long.pdf", 30, dpi=110)
    process = place.start()
    running.append(process)
    _first_lines(process, 1)
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr is not None
    until(lambda: "stopping" in (process.stderr.readline() if process.stderr else ""))
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=END_S) == 130
    assert "stopped: what is finished is kept; run the same command again" in process.stderr.read()
    until(lambda: not any(child.is_running() for child in started), timeout_s=END_S)


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(
    place: Place, running: list[subprocess.Popen[str]], until: Callable[..., None]
) -> None:
    (place.docs / "a.txt").write_text("alpha")
    write_scan(place.docs / "scan.pdf", 4, dpi=110)
    process = place.start(CIS_VISIBILITY_S="15")
    running.append(process)
    lines = _first_lines(process, 1)
    _workers(process.pid)[0].kill()
    stdout, stderr = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, stderr
    lines += [json.loads(line) for line in stdout.splitlines()]
    assert {(Path(line["file_path"]).name, line["state"], line["pages"]) for line in lines} == {
        ("a.txt", "indexed", 1),
        ("scan.pdf", "indexed", 4),
    }
    assert place.ask("search", "alpha")["total"] == 1


def _workers(pid: int) -> list[psutil.Process]:
    children = psutil.Process(pid).children()
    return [child for child in children if child.cmdline()[-2:] == ["worker", "run"]]


def test_one_home_takes_one_ingest_at_a_time(place: Place, running: list[subprocess.Popen[str]]) -> None:
    (place.docs / "a.txt").write_text("alpha")
    write_scan(place.docs / "long.pdf", 30, dpi=110)
    process = place.start()
    running.append(process)
    _first_lines(process, 1)
    second = place.ingest()
    assert second.status == 2
    assert "another cis-worker ingest is running" in second.stderr
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=END_S)
    assert process.returncode == 143


def test_it_ends_quietly_when_its_output_is_closed(
    place: Place, running: list[subprocess.Popen[str]]
) -> None:
    for name in ("a", "b", "c"):
        # Opening them succeeds and reading fails, so that no stack has to be started for their lines.
        (place.docs / name).symlink_to("/proc/self/mem")
    process = place.start()
    running.append(process)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=END_S) == 128 + signal.SIGPIPE
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
