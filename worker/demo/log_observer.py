"""The demo's spectator: it hears the log lines of the workers and keeps what they add up to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from worker.demo.run_record import Event, PageRead, Severity, WorkerRun
from worker.embedded.worker_process import LogLine

_FAILED_ENDINGS = frozenset({"retry", "dead_letter", "stop"})


class LogObserver:
    """Hears all workers, in their readers' threads; read from any thread.

    `clock` gives seconds since the demo began, `names` the file names by file_id, `scan_id` is the
    document that will be interrupted.
    """

    def __init__(self, *, clock: Callable[[], float], names: Mapping[str, str], scan_id: str) -> None:
        self._clock = clock
        self._names = names
        self._scan_id = scan_id
        self._lock = threading.Lock()
        self._reads: list[PageRead] = []
        self._done: dict[str, float] = {}
        self._workers: dict[int, WorkerRun] = {}
        self._events: list[Event] = []
        self._failures = 0

    @property
    def reads(self) -> tuple[PageRead, ...]:
        """Every page that was recognised."""
        with self._lock:
            return tuple(self._reads)

    @property
    def done(self) -> dict[str, float]:
        """When each file (by file_id) was told to be done."""
        with self._lock:
            return dict(self._done)

    @property
    def workers(self) -> tuple[WorkerRun, ...]:
        """The workers' lives so far."""
        with self._lock:
            return tuple(self._workers[number] for number in sorted(self._workers))

    @property
    def events(self) -> tuple[Event, ...]:
        """What was worth telling so far."""
        with self._lock:
            return tuple(self._events)

    @property
    def failures(self) -> int:
        """Attempts and pages that failed."""
        return self._failures

    def scan_times_s(self) -> list[float]:
        """Wall times of the recognised pages of the scan."""
        return [read.took_s for read in self.reads if read.file_id == self._scan_id]

    def tell(self, text: str, mood: Severity = Severity.PLAIN) -> None:
        """Add a happening of the demo's own."""
        with self._lock:
            self._tell(text, mood)

    def worker_started(self, number: int) -> None:
        """A worker process was started."""
        with self._lock:
            self._workers[number] = WorkerRun(number=number, started_s=self._clock())

    def worker_ended(self, number: int, status: int) -> None:
        """A worker process ended with a status."""
        with self._lock:
            self._keep(replace(self._workers[number], stopped_s=self._clock(), exit_code=status))
            mood = Severity.PLAIN if status == 0 else Severity.WARNING
            self._tell(f"Worker {number} left with status {status}.", mood)

    def hear(self, number: int, line: LogLine) -> None:
        """Take one log line of a worker."""
        with self._lock:
            match line.get("event"):
                case "worker_ready":
                    self._keep(replace(self._workers[number], ready_s=self._clock()))
                    self._tell(f"Worker {number} is ready and polls the queue.")
                case "page_ocred":
                    self._hear_page(number, line)
                case "document_done":
                    self._hear_done(number, line)
                case "checkpoint_restored" if line.get("file") == self._scan_id:
                    self._hear_restored(number, line)
                case "interruption_notice":
                    self._hear_notice(number, line)
                case "checkpoint_saved" if line.get("file") == self._scan_id:
                    pages = int(_number(line, "pages"))
                    self._tell(f"Worker {number} saved {pages} finished pages of the scan (checkpoint).")
                case "worker_stopped":
                    self._hear_stopped(number, line)
                case "page_failed" | "attempt_failed":
                    self._failures += 1
                case "attempt_ended" if line.get("ending") in _FAILED_ENDINGS:
                    self._failures += 1

    def _hear_page(self, number: int, line: LogLine) -> None:
        self._reads.append(
            PageRead(
                worker=number,
                file_id=str(line.get("file")),
                page=int(_number(line, "page")),
                took_s=_number(line, "seconds"),
                at_s=self._clock(),
            )
        )

    def _hear_done(self, number: int, line: LogLine) -> None:
        file_id = str(line.get("file"))
        self._done[file_id] = self._clock()
        reason = line.get("reason")
        state = f"{line.get('state')}: {reason}" if reason else str(line.get("state"))
        name = self._names.get(file_id, file_id)
        mood = Severity.GOOD if file_id == self._scan_id else Severity.PLAIN
        self._tell(f"{name} is done ({state}) by worker {number}.", mood)

    def _hear_notice(self, number: int, line: LogLine) -> None:
        self._keep(replace(self._workers[number], noticed_s=self._clock()))
        left_s = _number(line, "left_s")
        self._tell(
            f"Worker {number} saw the Spot notice: {left_s:.0f} s left to work with.", Severity.WARNING
        )

    def _hear_restored(self, number: int, line: LogLine) -> None:
        pages = int(_number(line, "pages"))
        self._keep(replace(self._workers[number], restored_pages=pages))
        self._tell(
            f"Worker {number} took over {pages} finished pages of the scan, and goes on.", Severity.GOOD
        )

    def _hear_stopped(self, number: int, line: LogLine) -> None:
        gave_back = int(_number(line, "messages_requeued"))
        self._keep(replace(self._workers[number], gave_back=gave_back))
        if gave_back:
            self._tell(f"Worker {number} gave {gave_back} unfinished messages back to the queue.")

    def _keep(self, run: WorkerRun) -> None:
        self._workers[run.number] = run

    def _tell(self, text: str, mood: Severity = Severity.PLAIN) -> None:
        self._events.append(Event(at_s=self._clock(), text=text, mood=mood))


def _number(line: LogLine, name: str) -> float:
    value = line.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
