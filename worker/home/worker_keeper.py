"""One worker process that is restarted when it dies, a limited number of times."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.errors import MisconfiguredError

_NAME = "worker"
_MAX_STARTS = 4
_PERMANENT = frozenset({1, 2})
"""Exit statuses of `cis-worker run` that a restart does not change: an operator must fix something."""
_STOP_BUDGET_S = 10
_STOP_GRACE_S = 5.0
_TAIL_CHARS = 1_500
_CHANGES: Mapping[str, str] = {
    "CIS_STOP_BUDGET_S": str(_STOP_BUDGET_S),
    "CIS_HTTP_PORT": "0",
    "CIS_LOG_LEVEL": "info",
    # An open poll delays the stop, and polling a queue on this machine costs nothing.
    "CIS_POLL_WAIT_S": "1",
    # A run ends when nothing is pending any more, and no fleet shares this ledger.
    "CIS_REPLAY_INTERVAL_S": "1",
}


class WorkerKeeper:
    """A context manager that leaves no worker behind.

    `ocr_pages` counts the pages OCRed, by file_id, `restored_pages` those of checkpoints of earlier runs.

    `settings` are variables of the worker that the environment does not have.
    """

    def __init__(self, stack: EmbeddedStack, settings: Mapping[str, str] | None = None) -> None:
        self._stack = stack
        self._changes = {**_CHANGES, **(settings or {})}
        self._process: WorkerProcess | None = None
        self._starts = 0
        self.ocr_pages: Counter[str] = Counter()
        self.restored_pages: Counter[str] = Counter()
        self._done = threading.Event()

    def wait(self, timeout_s: float) -> None:
        """Wait until the worker reports a document as done, at most so long."""
        if self._done.wait(timeout_s):
            self._done.clear()

    def check(self) -> None:
        """Start the worker where it does not run.

        Raises MisconfiguredError with the end of its error output when a restart is useless.
        """
        if self._process is not None:
            if self._process.is_running:
                return
            status = self._process.wait(_STOP_GRACE_S)
            if status in _PERMANENT or self._starts >= _MAX_STARTS:
                raise MisconfiguredError(
                    f"the worker ended with status {status} (started {self._starts} times): "
                    f"{_reason(self._process, self._stack.home / f'{_NAME}.stderr.log')}"
                )
        self._starts += 1
        self._process = self._stack.start_worker(_NAME, changes=self._changes, on_line=self._on_line)

    def stop(self) -> None:
        """Stop the worker; it has seconds to finish what it can."""
        if self._process is not None and self._process.is_running:
            self._process.stop(_STOP_BUDGET_S + _STOP_GRACE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After a second Ctrl-C nothing is finished any more: the stack kills the worker.
        if kind is not KeyboardInterrupt:
            self.stop()

    def _on_line(self, line: LogLine) -> None:
        if line.get("event") == "page_ocred":
            self.ocr_pages[str(line.get("file"))] += 1
        elif line.get("event") == "checkpoint_restored":
            self.restored_pages[str(line.get("file"))] = int(str(line.get("pages", 0)))
        elif line.get("event") == "document_done":
            self._done.set()


def _reason(process: WorkerProcess, stderr_path: Path) -> str:
    """The fatal error that a worker logged, else the end of its error output."""
    for line in reversed(process.lines()):
        if line.get("event") == "fatal_error":
            return str(line.get("reason"))
    stderr = stderr_path.read_text(errors="replace") if stderr_path.exists() else ""
    return stderr[-_TAIL_CHARS:].strip() or "it printed nothing"
