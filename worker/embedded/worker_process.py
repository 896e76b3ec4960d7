"""WorkerProcess: a worker in a process of its own, with its log lines, to be stopped or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

from pydantic import JsonValue

from worker.embedded.child_process import clean_environment, python_command
from worker.errors import UnavailableError
from worker.runtime.machine.allocator import TUNABLES

LogLine: TypeAlias = dict[str, JsonValue]
"""One line of the worker's log; `event` names it."""

_KEPT_LINES = 1_000
_LONGEST_LINE_BYTES = 1024**2
_STDERR_TAIL_CHARS = 2_000
_JOIN_S = 5.0
_END_POLLS_S = 0.1
_COMMAND = python_command("worker", "run")


class WorkerProcess:
    """`cis-worker run` in a new session, started at once; to be closed with `contextlib.closing`.

    Its environment is this process's without AWS_ variables, and `environment`. Standard output is read into
    `lines` (the last 1,000) and passed line by line to `on_line`, which is called in a reader thread and must
    not raise. Standard error is appended to `stderr_path`. `command` replaces the worker by another program.
    `end_polls` ends the long polls of its queue: a worker that `stop` ends waits for its own.
    The process is killed when the thread that made this object ends, for any reason.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        stderr_path: Path,
        on_line: Callable[[LogLine], None] | None = None,
        command: Sequence[str] = _COMMAND,
        end_polls: Callable[[], object] = lambda: None,
    ) -> None:
        self._stderr_path = stderr_path
        self._on_line = on_line
        self._end_polls = end_polls
        self._lines: deque[LogLine] = deque(maxlen=_KEPT_LINES)
        self._changed = threading.Condition()
        self._all_read = False
        with stderr_path.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*python_command("worker.embedded.bound_to_parent", str(os.getpid())), *command],
                env=clean_environment({**TUNABLES, **environment}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked for
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id; also the id of its process group and session."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def lines(self) -> list[LogLine]:
        """The last log lines, oldest first."""
        with self._changed:
            return list(self._lines)

    def wait_until_ready(self, timeout_s: float = 240.0) -> LogLine:
        """Wait for the log line `worker_ready`, which has `http_port`. Raises the errors of `wait_for`."""
        return self.wait_for("worker_ready", timeout_s)

    def wait_for(self, event: str, timeout_s: float) -> LogLine:
        """Wait for a log line with that event, unless it is among `lines` already.

        Raises UnavailableError when the process ends without it, TimeoutError after `timeout_s`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._find(event) or self._all_read, timeout_s)
            line, ended = self._find(event), self._all_read
        if line is not None:
            return line
        if ended:
            raise UnavailableError(
                f"The worker ended with status {self.wait(_JOIN_S)} before {event}. "
                f"The end of {self._stderr_path}: {self._stderr_tail()}"
            )
        raise TimeoutError(f"The worker (process {self.pid}) did not log {event} within {timeout_s} s.")

    def wait(self, timeout_s: float) -> int:
        """Wait for the end and the last log line; the exit status, negative for a signal.

        Raises TimeoutError after `timeout_s`.
        """
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            message = f"The worker (process {self.pid}) did not end within {timeout_s} s."
            raise TimeoutError(message) from error
        # The last lines are still in the pipe when the process has ended.
        self._reader.join(_JOIN_S)
        return status

    def terminate(self) -> None:
        """Send SIGTERM and return at once; no error when the process has ended."""
        self._process.terminate()

    def stop(self, timeout_s: float = 120.0) -> int:
        """Send SIGTERM and wait; after `timeout_s` kill its process group. Returns the exit status."""
        self.terminate()
        until = time.monotonic() + timeout_s
        try:
            while (left_s := until - time.monotonic()) > _END_POLLS_S and self.is_running:
                # Again and again: it may begin another before it notices the signal.
                self._end_polls()
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(min(_END_POLLS_S, left_s))
            return self.wait(max(0.0, until - time.monotonic()))
        except TimeoutError:
            os.killpg(self.pid, signal.SIGKILL)
            return self.wait(_JOIN_S)

    def kill(self) -> int:
        """Kill only the worker process with SIGKILL, as a crash would; returns the exit status."""
        self._process.kill()
        return self.wait(_JOIN_S)

    def close(self) -> None:
        """Kill the worker unless it has ended."""
        if self.is_running:
            self.kill()

    def _find(self, event: str) -> LogLine | None:
        return next((line for line in self._lines if line.get("event") == event), None)

    def _read(self, stdout: IO[bytes]) -> None:
        with stdout:
            while text := stdout.readline(_LONGEST_LINE_BYTES):
                line = _parse(text)
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
                if self._on_line is not None:
                    self._on_line(line)
        with self._changed:
            self._all_read = True
            self._changed.notify_all()

    def _stderr_tail(self) -> str:
        return self._stderr_path.read_text(errors="replace")[-_STDERR_TAIL_CHARS:]


def _parse(text: bytes) -> LogLine:
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    if isinstance(line, dict):
        return line
    return {"event": "not_json", "line": text.decode(errors="replace").rstrip()}
