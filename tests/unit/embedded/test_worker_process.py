"""A worker as a process, played by short programs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.errors import UnavailableError

pytestmark = pytest.mark.unit

Start = Callable[[str], WorkerProcess]

READY = 'print(\'{"event": "worker_ready", "http_port": 8123}\', flush=True)\n'
FOREVER = "import signal\nwhile True: signal.pause()\n"
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
POLITE = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as running:

        def run(code: str, on_line: Callable[[LogLine], None] | None = None) -> WorkerProcess:
            process = WorkerProcess(
                {"MARK": "set"},
                stderr_path=tmp_path / "stderr.log",
                on_line=on_line,
                command=(sys.executable, "-c", code),
            )
            return running.enter_context(closing(process))

        yield run


def test_a_worker_is_ready_when_it_says_so(start: Start) -> None:
    worker = start(READY + FOREVER)
    assert worker.ready(30)["http_port"] == 8123
    assert worker.running


def test_a_line_that_came_before_one_waits_is_found(start: Start) -> None:
    worker = start(READY + 'print(\'{"event": "later"}\', flush=True)\n' + FOREVER)
    worker.wait_for("later", 30)
    assert worker.ready(30)["http_port"] == 8123


def test_a_worker_that_ends_before_it_is_ready_is_told_with_its_last_words(start: Start) -> None:
    worker = start("import sys\nsys.exit('no queue here')")
    with pytest.raises(UnavailableError, match=r"status 1 before worker_ready.*no queue here"):
        worker.ready(30)


def test_a_worker_that_never_gets_ready_is_a_time_out(start: Start) -> None:
    worker = start(FOREVER)
    with pytest.raises(TimeoutError, match="did not log worker_ready"):
        worker.ready(0.1)


def test_every_line_is_kept_and_passed_on_in_order(tmp_path: Path) -> None:
    seen: list[LogLine] = []
    code = "import os\nprint('{\"event\": \"a\"}')\nprint('plain')\nprint('[1]')\nprint(os.environ['MARK'])"
    process = WorkerProcess(
        {"MARK": "set"},
        stderr_path=tmp_path / "stderr.log",
        on_line=seen.append,
        command=(sys.executable, "-c", code),
    )
    with closing(process) as worker:
        assert worker.wait(30) == 0
    expected: list[LogLine] = [
        {"event": "a"},
        {"event": "not_json", "line": "plain"},
        {"event": "not_json", "line": "[1]"},
        {"event": "not_json", "line": "set"},
    ]
    assert seen == expected
    assert worker.lines() == expected


def test_only_the_last_lines_are_kept(start: Start) -> None:
    worker = start('for n in range(1500): print(\'{"event": "%d"}\' % n)')
    worker.wait(30)
    assert [len(worker.lines()), worker.lines()[-1]] == [1_000, {"event": "1499"}]


def test_stop_waits_for_an_orderly_end(start: Start) -> None:
    worker = start(POLITE + READY + FOREVER)
    worker.ready(30)
    assert worker.stop(30) == 0
    assert not worker.running
    assert worker.stop(30) == 0


def test_a_worker_deaf_to_stop_is_killed(start: Start) -> None:
    worker = start(DEAF + READY + FOREVER)
    worker.ready(30)
    assert worker.stop(0.1) == -signal.SIGKILL


def test_waiting_for_a_worker_that_goes_on_is_a_time_out(start: Start) -> None:
    worker = start(FOREVER)
    with pytest.raises(TimeoutError, match="did not end"):
        worker.wait(0.1)


def test_kill_is_sudden(start: Start) -> None:
    worker = start(POLITE + READY + FOREVER)
    worker.ready(30)
    assert worker.kill() == -signal.SIGKILL


def test_close_leaves_no_process(start: Start) -> None:
    worker = start(READY + FOREVER)
    worker.ready(30)
    worker.close()
    assert not worker.running
    worker.close()
