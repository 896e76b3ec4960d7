"""The loops of a worker: what runs in a thread of its own, and when each ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.consumer import Consumer
from worker.delivery.crash_detector import CrashDetector
from worker.delivery.heartbeat import Heartbeat
from worker.document.uploads import background_uploader
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.fleet.group_instance import GroupInstance
from worker.replayer import Replayer
from worker.runtime import log_sweep, tally
from worker.runtime.log_sweep import LogSweep
from worker.runtime.loops import Loop
from worker.runtime.metric_log import MetricLog
from worker.runtime.shutdown import Shutdown
from worker.runtime.systemd.watchdog import Watchdog
from worker.sandbox.scheduler import Sandbox

# Well below what is left of a dead worker's leases, so that its files are marked before they come back.
_CRASH_CHECK_S = 2.0
_GROUP_S = 5.0
HEARTBEAT = "heartbeat"
"""The name of the loop whose steps may take long, and which reports within them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phases:
    """What a stop has behind it; `wake` and `group_wake` end the pauses of loops that wait long."""

    receiving_over: threading.Event = field(default_factory=threading.Event)
    parking_over: threading.Event = field(default_factory=threading.Event)
    attempts_over: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    group_wake: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerThreads:
    """The threads of a worker in the order in which they end."""

    receiver: threading.Thread
    attempts: list[threading.Thread]
    parking: threading.Thread
    uploads: list[threading.Thread]
    others: list[threading.Thread]


@dataclass(frozen=True, kw_only=True, slots=True)
class SideLoop:
    """Work beside the documents: it ends with the receiving, where it `lasts` when the attempts have ended.

    `close` is called after its last step, at a stop.
    """

    name: str
    step: Callable[[], None]
    interval_s: float
    lasts: bool = False
    close: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerLoops:
    """The components that have a loop; `attempts` is how many documents are processed at once.

    Watched are those without which messages are neither received nor kept, and pages not read. An attempt is
    not: it takes as long as its document, and has deadlines of its own.
    """

    shutdown: Shutdown
    consumer: Consumer
    heartbeat: Heartbeat
    sandbox: Sandbox
    crash_detector: CrashDetector
    group: GroupInstance
    replayer: Replayer
    log_sweep: LogSweep | None
    uploader: BackgroundUploader | None
    attempts: int
    phases: Phases
    metric_log: MetricLog | None = None
    watchdog: Watchdog = field(default_factory=Watchdog)
    side_loops: tuple[SideLoop, ...] = ()

    def start(self) -> WorkerThreads:
        """Start a thread for each."""
        consumer = self.consumer
        parking = Loop(
            name="parked",
            step=consumer.resume_parked,
            is_over=self.phases.parking_over.is_set,
            interval_s=0.5,
            pause=self.phases.parking_over,
        )
        attempts = [
            Loop(name=f"attempt-{number}", step=consumer.attempt_step, is_over=self._is_drained)
            for number in range(self.attempts)
        ]
        receiver = Loop(
            name="receive",
            step=consumer.step,
            is_over=self._is_receiving_over,
            interval_s=0.02,
            watchdog=self.watchdog,
        )
        uploader = self.uploader
        uploads = (
            [self._upload_loop(n, uploader) for n in range(background_uploader.THREADS)] if uploader else []
        )
        return WorkerThreads(
            uploads=[loop.start(self.shutdown) for loop in uploads],
            others=[loop.start(self.shutdown) for loop in self._others()],
            parking=parking.start(self.shutdown),
            attempts=[loop.start(self.shutdown) for loop in attempts],
            receiver=receiver.start(self.shutdown),
        )

    def _others(self) -> list[Loop]:
        """Those that hold no message that is not done."""
        over = self.phases.attempts_over.is_set
        return [
            Loop(name="sandbox", step=self.sandbox.step, is_over=over, watchdog=self.watchdog),
            Loop(
                name=HEARTBEAT,
                step=self._renew_leases,
                is_over=over,
                interval_s=0.5,
                pause=self.phases.attempts_over,
                watchdog=self.watchdog,
            ),
            Loop(
                name="crash-detector",
                step=self.crash_detector.step,
                is_over=self._is_stopping,
                interval_s=_CRASH_CHECK_S,
                pause=self.phases.wake,
            ),
            Loop(
                name="auto-scaling",
                step=self.group.step,
                is_over=over,
                interval_s=_GROUP_S,
                pause=self.phases.group_wake,
            ),
            *(self._replay_loop(number) for number in range(self.replayer.threads)),
            *self._delete_loops(),
            *self._log_loops(),
            *map(self._side_loop, self.side_loops),
        ]

    def _renew_leases(self) -> None:
        with tally.renewals():
            self.heartbeat.step()

    def _side_loop(self, side: SideLoop) -> Loop:
        is_over = self.phases.attempts_over.is_set if side.lasts else self._is_stopping

        def end() -> bool:
            over = is_over()
            if over and side.close is not None:
                # In its own thread, after its last step: the wait for the thread is a wait for this too.
                side.close()
            return over

        return Loop(
            name=side.name,
            step=side.step,
            is_over=end,
            interval_s=side.interval_s,
            pause=self.phases.group_wake if side.lasts else self.phases.wake,
        )

    def _replay_loop(self, number: int) -> Loop:
        return Loop(
            name=f"replayer-{number}",
            step=self.replayer.step,
            is_over=self._is_stopping,
            interval_s=self.replayer.interval_s,
            pause=self.phases.wake,
        )

    def _delete_loops(self) -> list[Loop]:
        deletes = self.consumer.settlement.deletes
        if deletes is None:
            return []
        # It ends where the rest of the stop is flushed, or where that was never reached.
        over = self.phases.attempts_over.is_set
        return [Loop(name="deletes", step=deletes.step, is_over=lambda: deletes.is_closed or over())]

    def _upload_loop(self, number: int, uploader: BackgroundUploader) -> Loop:
        return Loop(
            name=f"upload-{number}",
            step=uploader.step,
            is_over=lambda: self.phases.attempts_over.is_set() and not uploader.pending,
        )

    def _log_loops(self) -> list[Loop]:
        steps: list[tuple[str, Callable[[], None], float]] = []
        if self.log_sweep is not None:
            steps.append(("logs", self.log_sweep.step, log_sweep.INTERVAL_S))
        if self.metric_log is not None:
            steps.append(("metric-log", self.metric_log.step, self.metric_log.interval_s))
        return [
            Loop(
                name=name,
                step=step,
                is_over=self._is_stopping,
                interval_s=interval_s,
                pause=self.phases.wake,
            )
            for name, step, interval_s in steps
        ]

    def _is_stopping(self) -> bool:
        return self.shutdown.is_requested

    def _is_receiving_over(self) -> bool:
        if self.shutdown.is_requested:
            # An attempt thread that waits for a message would notice half a second later.
            self.consumer.attempt_queue.wake()
        return self.shutdown.is_requested

    def _is_drained(self) -> bool:
        return self.phases.receiving_over.is_set() and self.consumer.in_flight == 0
