"""WorkerProcess, with short programs in place of the worker."""

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
IGNORES_SIGTERM = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
EXITS_ON_SIGTERM = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"


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


def test_a_worker_is_ready_when_it_logs_so(start: Start) -> None:
    worker = start(READY + FOREVER)
    assert worker.wait_until_ready(30)["http_port"] == 8123
    assert worker.is_running


def test_an_earlier_line_is_found(start: Start) -> None:
    worker = start(READY + 'print(\'{"event": "later"}\', flush=True)\n' + FOREVER)
    worker.wait_for("later", 30)
    assert worker.wait_until_ready(30)["http_port"] == 8123


def test_a_worker_that_ends_before_it_is_ready_is_reported_with_its_error_output(start: Start) -> None:
    worker = start("import sys\nsys.exit('no queue here')")
    with pytest.raises(UnavailableError, match=r"status 1 before worker_ready.*no queue here"):
        worker.wait_until_ready(30)


def test_waiting_for_a_worker_that_never_gets_ready_times_out(start: Start) -> None:
    worker = start(FOREVER)
    with pytest.raises(TimeoutError, match="did not log worker_ready"):
        worker.wait_until_ready(0.1)


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
    worker = start(EXITS_ON_SIGTERM + READY + FOREVER)
    worker.wait_until_ready(30)
    assert worker.stop(30) == 0
    assert not worker.is_running
    assert worker.stop(30) == 0


def test_a_stop_ends_the_poll_that_the_worker_waits_for(tmp_path: Path) -> None:
    poll = tmp_path / "poll"
    code = READY + f"import os\nwhile not os.path.exists({str(poll)!r}): pass\n"
    process = WorkerProcess(
        {},
        stderr_path=tmp_path / "stderr.log",
        command=(sys.executable, "-c", IGNORES_SIGTERM + code),
        end_polls=poll.touch,
    )
    with closing(process) as worker:
        worker.wait_until_ready(60)
        assert worker.stop(60) == 0


def test_a_worker_that_ignores_sigterm_is_killed(start: Start) -> None:
    worker = start(IGNORES_SIGTERM + READY + FOREVER)
    worker.wait_until_ready(30)
    assert worker.stop(0.1) == -signal.SIGKILL


def test_waiting_for_a_running_worker_times_out(start: Start) -> None:
    worker = start(FOREVER)
    with pytest.raises(TimeoutError, match="did not end"):
        worker.wait(0.1)


def test_kill_leaves_no_time_for_handlers(start: Start) -> None:
    worker = start(EXITS_ON_SIGTERM + READY + FOREVER)
    worker.wait_until_ready(30)
    assert worker.kill() == -signal.SIGKILL


def test_close_leaves_no_process(start: Start) -> None:
    worker = start(READY + FOREVER)
    worker.wait_until_ready(30)
    worker.close()
    assert not worker.is_running
    worker.close()
