"""Receives the log lines of the demo's workers and sums them up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from worker.demo.run_record import Event, PageRead, Severity, WorkerRun
from worker.embedded.worker_process import LogLine

_FAILED_ENDINGS = frozenset({"retry", "dead_letter", "stop"})


class LogObserver:
    """Receives log lines in the threads that read them; its properties are safe in any thread.

    `clock` gives seconds since the demo started, `names` the file names by file_id, `scan_id` is the
    document that will be interrupted.
    """

    def __init__(self, *, clock: Callable[[], float], names: Mapping[str, str], scan_id: str) -> None:
        self._clock = clock
        self._names = names
        self._scan_id = scan_id
        # Each worker has a thread that reads its log.
        self._lock = threading.Lock()
        self._reads: list[PageRead] = []
        self._done: dict[str, float] = {}
        self._workers: dict[int, WorkerRun] = {}
        self._events: list[Event] = []
        self._failures = 0

    @property
    def reads(self) -> tuple[PageRead, ...]:
        """Every page that was OCRed."""
        with self._lock:
            return tuple(self._reads)

    @property
    def done(self) -> dict[str, float]:
        """When each file (by file_id) was logged as done."""
        with self._lock:
            return dict(self._done)

    @property
    def workers(self) -> tuple[WorkerRun, ...]:
        """The runs of the workers so far."""
        with self._lock:
            return tuple(self._workers[number] for number in sorted(self._workers))

    @property
    def events(self) -> tuple[Event, ...]:
        """The events so far."""
        with self._lock:
            return tuple(self._events)

    @property
    def failures(self) -> int:
        """Attempts and pages that failed."""
        return self._failures

    @property
    def progress_s(self) -> float:
        """When something happened last: a page was OCRed, or an event."""
        with self._lock:
            return max(
                (*(one.at_s for one in self._events[-1:]), *(one.at_s for one in self._reads[-1:])),
                default=0.0,
            )

    def scan_times_s(self) -> list[float]:
        """Wall times of the OCRed pages of the scan."""
        return [read.took_s for read in self.reads if read.file_id == self._scan_id]

    def add_event(self, text: str, severity: Severity = Severity.PLAIN) -> None:
        """Add an event of the demo itself."""
        with self._lock:
            self._add_event(text, severity)

    def record_start(self, number: int) -> None:
        """A worker process was started."""
        with self._lock:
            self._workers[number] = WorkerRun(number=number, started_s=self._clock())

    def record_exit(self, number: int, status: int) -> None:
        """A worker process ended with a status."""
        with self._lock:
            self._set_run(replace(self._workers[number], stopped_s=self._clock(), exit_code=status))
            severity = Severity.PLAIN if status == 0 else Severity.WARNING
            self._add_event(f"Worker {number} exited with status {status}.", severity)

    def on_line(self, number: int, line: LogLine) -> None:
        """Process one log line of a worker."""
        with self._lock:
            match line.get("event"):
                case "worker_ready":
                    self._set_run(replace(self._workers[number], ready_s=self._clock()))
                    self._add_event(f"Worker {number} is ready and polls the queue.")
                case "page_ocred":
                    self._on_page(number, line)
                case "document_done":
                    self._on_done(number, line)
                case "checkpoint_restored" if line.get("file") == self._scan_id:
                    self._on_restored(number, line)
                case "interruption_notice":
                    self._on_notice(number, line)
                case "checkpoint_saved" if line.get("file") == self._scan_id:
                    pages = int(_number(line, "pages"))
                    self._add_event(f"Worker {number} saved {pages} finished pages of the scan (checkpoint).")
                case "worker_stopped":
                    self._on_stopped(number, line)
                case "page_failed" | "attempt_failed":
                    self._failures += 1
                case "attempt_ended" if line.get("ending") in _FAILED_ENDINGS:
                    self._failures += 1

    def _on_page(self, number: int, line: LogLine) -> None:
        self._reads.append(
            PageRead(
                worker=number,
                file_id=str(line.get("file")),
                page=int(_number(line, "page")),
                took_s=_number(line, "seconds"),
                at_s=self._clock(),
            )
        )

    def _on_done(self, number: int, line: LogLine) -> None:
        file_id = str(line.get("file"))
        self._done[file_id] = self._clock()
        reason = line.get("reason")
        state = f"{line.get('state')}: {reason}" if reason else str(line.get("state"))
        name = self._names.get(file_id, file_id)
        severity = Severity.GOOD if file_id == self._scan_id else Severity.PLAIN
        self._add_event(f"{name} is done ({state}) by worker {number}.", severity)

    def _on_notice(self, number: int, line: LogLine) -> None:
        self._set_run(replace(self._workers[number], noticed_s=self._clock()))
        left_s = _number(line, "left_s")
        self._add_event(f"Worker {number} saw the Spot notice: {left_s:.0f} s left.", Severity.WARNING)

    def _on_restored(self, number: int, line: LogLine) -> None:
        pages = int(_number(line, "pages"))
        self._set_run(replace(self._workers[number], restored_pages=pages))
        self._add_event(
            f"Worker {number} restored {pages} finished pages of the scan, and continues.", Severity.GOOD
        )

    def _on_stopped(self, number: int, line: LogLine) -> None:
        requeued = int(_number(line, "messages_requeued"))
        self._set_run(replace(self._workers[number], requeued=requeued))
        if requeued:
            self._add_event(f"Worker {number} requeued {requeued} unfinished messages.")

    def _set_run(self, run: WorkerRun) -> None:
        self._workers[run.number] = run

    def _add_event(self, text: str, severity: Severity = Severity.PLAIN) -> None:
        self._events.append(Event(at_s=self._clock(), text=text, severity=severity))


def _number(line: LogLine, name: str) -> float:
    value = line.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
