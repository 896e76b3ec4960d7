"""Keeping one worker running: real processes, with another program in the worker's place."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.errors import MisconfiguredError
from worker.home.worker_keeper import WorkerKeeper

pytestmark = pytest.mark.unit


class PlayedStack(EmbeddedStack):
    """Starts a small program as its worker."""

    def __init__(self, home: Path, program: str) -> None:
        super().__init__(home)
        self.command = [sys.executable, "-c", program]
        self.started: list[WorkerProcess] = []

    def start_worker(
        self,
        name: str = "worker",
        *,
        changes: Mapping[str, str] | None = None,
        on_line: Callable[[LogLine], None] | None = None,
    ) -> WorkerProcess:
        path = self.home / f"{name}.stderr.log"
        process = WorkerProcess(changes or {}, stderr_path=path, on_line=on_line, command=self.command)
        self.started.append(process)
        return process


@pytest.fixture
def play(tmp_path: Path) -> Callable[[str], PlayedStack]:
    return lambda program: PlayedStack(tmp_path, program)


def test_a_running_worker_is_not_restarted_and_stopped_at_the_end(play: Callable[[str], PlayedStack]) -> None:
    stack = play('import signal; print(\'{"event": "up"}\', flush=True); signal.pause()')
    with WorkerKeeper(stack) as keeper:
        keeper.check()
        stack.started[0].wait_for("up", 20)
        keeper.check()
        assert stack.started[0].is_running
    assert [process.wait(0) for process in stack.started] == [-signal.SIGTERM]


def test_a_worker_that_dies_is_restarted_a_limited_number_of_times(
    play: Callable[[str], PlayedStack],
) -> None:
    stack = play("import os, sys; print('out of luck', file=sys.stderr, flush=True); os.abort()")
    with WorkerKeeper(stack) as keeper:
        for _ in range(4):
            keeper.check()
            stack.started[-1].wait(20)
        with pytest.raises(MisconfiguredError, match=r"status -6 \(started 4 times\): .*out of luck"):
            keeper.check()
    assert len(stack.started) == 4


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('no such language')", "status 1 .*no such language"),
        (
            'print(\'{"event": "fatal_error", "reason": "the disk is full"}\'); raise SystemExit(1)',
            "the disk is full",
        ),
        ("raise SystemExit(2)", "status 2 .*it printed nothing"),
    ],
)
def test_a_worker_with_a_permanent_error_is_not_restarted(
    play: Callable[[str], PlayedStack], program: str, message: str
) -> None:
    stack = play(program)
    with WorkerKeeper(stack) as keeper:
        keeper.check()
        stack.started[0].wait(20)
        with pytest.raises(MisconfiguredError, match=message):
            keeper.check()
    assert len(stack.started) == 1


def test_pages_are_counted_by_file(play: Callable[[str], PlayedStack]) -> None:
    lines = ['{"event": "checkpoint_restored", "file": "f1", "pages": 7}']
    lines += ['{"event": "page_ocred", "file": "f1"}'] * 2 + ['{"event": "document_done", "file": "f1"}']
    stack = play(f"print({chr(10).join(lines)!r})")
    with WorkerKeeper(stack) as keeper:
        keeper.check()
        stack.started[0].wait(20)
        assert keeper.ocr_pages == {"f1": 2}
        assert keeper.restored_pages == {"f1": 7}


def test_a_wait_ends_with_a_document_and_without_one_in_time(play: Callable[[str], PlayedStack]) -> None:
    stack = play('print(\'{"event": "document_done", "file": "f1"}\', flush=True); input()')
    with WorkerKeeper(stack) as keeper:
        began = time.monotonic()
        keeper.check()
        keeper.wait(60)
        assert time.monotonic() - began < 50
        # What was heard of is not heard of again.
        began = time.monotonic()
        keeper.wait(0.3)
        assert time.monotonic() - began >= 0.3


def test_settings_of_the_run_reach_the_worker(play: Callable[[str], PlayedStack]) -> None:
    stack = play("import json, os; print(json.dumps({'event': 'up', 'slots': os.environ['CIS_SLOTS']}))")
    with WorkerKeeper(stack, {"CIS_SLOTS": "7"}) as keeper:
        keeper.check()
        assert stack.started[0].wait_for("up", 20)["slots"] == "7"
