"""One worker process that is kept running: started again when it dies, but not for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.errors import MisconfiguredError

_NAME = "worker"
_STARTS = 4
_HOPELESS = frozenset({1, 2})
"""Exit statuses of `cis-worker run` that starting again does not change."""
_STOP_BUDGET_S = 10
_STOP_GRACE_S = 5.0
_TAIL_CHARS = 1_500
_CHANGES: Mapping[str, str] = {
    "CIS_STOP_BUDGET_S": str(_STOP_BUDGET_S),
    "CIS_HTTP_PORT": "0",
    "CIS_LOG_LEVEL": "info",
    # An open poll holds up the stop, and there is no long way to this queue.
    "CIS_POLL_WAIT_S": "1",
    # A run ends when nothing is pending any more, and there is no fleet to ask one ledger.
    "CIS_REPLAY_INTERVAL_S": "1",
}


class WorkerKeeper:
    """A context manager that leaves no worker behind; `ocr_pages` counts by file_id what was recognised."""

    def __init__(self, stack: EmbeddedStack) -> None:
        self._stack = stack
        self._process: WorkerProcess | None = None
        self._starts = 0
        self.ocr_pages: Counter[str] = Counter()

    def check(self) -> None:
        """Start the worker where it does not run.

        Raises MisconfiguredError with the end of its error output when that is no use any more.
        """
        if self._process is not None:
            if self._process.is_running:
                return
            status = self._process.wait(_STOP_GRACE_S)
            if status in _HOPELESS or self._starts >= _STARTS:
                raise MisconfiguredError(
                    f"the worker ended with status {status} (started {self._starts} times): "
                    f"{_why(self._process, self._stack.home / f'{_NAME}.stderr.log')}"
                )
        self._starts += 1
        self._process = self._stack.start_worker(_NAME, changes=_CHANGES, on_line=self._hear)

    def stop(self) -> None:
        """Let the worker finish what it can within seconds, and end it."""
        if self._process is not None and self._process.is_running:
            self._process.stop(_STOP_BUDGET_S + _STOP_GRACE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whoever is in a hurry (a second Ctrl-C) leaves it to the stack, which kills.
        if kind is not KeyboardInterrupt:
            self.stop()

    def _hear(self, line: LogLine) -> None:
        if line.get("event") == "page_ocred":
            self.ocr_pages[str(line.get("file"))] += 1


def _why(process: WorkerProcess, stderr_path: Path) -> str:
    """What a worker that ended said last: what must be mended, else the end of its error output."""
    for line in reversed(process.lines()):
        if line.get("event") == "fatal_error":
            return str(line.get("reason"))
    said = stderr_path.read_text(errors="replace") if stderr_path.exists() else ""
    return said[-_TAIL_CHARS:].strip() or "it said nothing"
