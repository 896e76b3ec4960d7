"""A worker from its first thread to its last: start the loops, wait for a stop, stop them in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from types import FrameType

import structlog

from worker.consumer import Consumer
from worker.delivery.crash_detector import CrashDetector
from worker.delivery.heartbeat import Heartbeat
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.fleet.group_instance import GroupInstance
from worker.replayer import Replayer
from worker.resilience.refusals import Refusals
from worker.runtime.health import HealthServer
from worker.runtime.log_sweep import LogSweep
from worker.runtime.metric_log import MetricLog
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown, Stop
from worker.runtime.systemd.service_manager import ServiceManager
from worker.sandbox.scheduler import Sandbox
from worker.spot_handler import ShutdownReport, SpotInterruptionHandler
from worker.worker_loops import Phases, SideLoop, WorkerLoops, WorkerThreads

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_MAIN = "main"
_POLL_S = 0.05
# A poll takes 2 s, and one that fails up to 30 s (its read time-out): this is three of those in a row.
_STALE_POLL_S = 90.0
_OTHERS_S = 5.0
# Of the time before the deadline: what the last log line and the exit take.
_EXIT_S = 2.0
_flush_by: Callable[[Stop], float] = attrgetter("flush_by")
_release_by: Callable[[Stop], float] = attrgetter("release_by")
_deadline: Callable[[Stop], float] = attrgetter("deadline")
EXIT_INCOMPLETE = 75
"""Exit status of a stop that left messages to SQS; EX_TEMPFAIL of sysexits.h."""

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class Lifecycle:
    """The threads of one worker process. `run` must be called in the main thread (signals)."""

    shutdown: Shutdown
    consumer: Consumer
    heartbeat: Heartbeat
    sandbox: Sandbox
    spot: SpotInterruptionHandler
    metrics: Metrics
    replayer: Replayer
    crash_detector: CrashDetector
    http_host: str
    http_port: int
    attempts: int
    group: GroupInstance
    log_sweep: LogSweep | None = None
    metric_log: MetricLog | None = None
    manager: ServiceManager = field(default_factory=ServiceManager)
    side_loops: tuple[SideLoop, ...] = ()
    _signals: int = 0
    _waits_for: str = ""
    _abandoned: list[str] = field(default_factory=list)
    _report_of_shutdown: ShutdownReport | None = None
    _phases: Phases = field(default_factory=Phases)
    _uploads_left: int = 0

    def run(self) -> int:
        """Work until a stop; the exit status.

        0 when every message was settled, 75 when the stop left some to SQS, 1 when an operator must fix
        something first.
        """
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            return self._run()
        finally:
            self.crash_detector.record.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _run(self) -> int:
        self.manager.watchdog.watch(_MAIN)
        health = HealthServer(
            host=self.http_host,
            port=self.http_port,
            ready=self.readiness,
            render_metrics=self.metrics.render,
        )
        health.start()
        self.metrics.oldest_message.in_hand = self.heartbeat.first_seen_ms
        self._refusals.export(self.metrics)
        # Before anything is received: what a predecessor held may kill this process, too.
        self._await(self._start_step("crash-check", self.crash_detector.step))
        self._await_service()
        threads = self._loops.start()
        self.spot.start_monitoring()
        _log.info("worker_ready", http_port=health.port, attempts=self.attempts)
        self.manager.ready(self._status())
        while not self.shutdown.wait(_POLL_S):
            self._tick()
        self._stop(threads)
        health.stop()
        self._wait_for(self._log_metrics(), _deadline)
        exit_status = self._report()
        # Last: with its lifecycle action completed the group may end the machine at once.
        longest_s = self._left_s(_deadline) if self.spot.is_leaving else _OTHERS_S
        left_s = max(_EXIT_S, longest_s - _EXIT_S)
        leaving = self._start_step("leave-group", lambda: self.group.leave(within_s=left_s))
        until = self.shutdown.now() + left_s
        self._wait_for([leaving], lambda _: until)
        return exit_status

    def _await(self, thread: threading.Thread) -> None:
        """Wait for a step of the start, at most until a stop."""
        while thread.is_alive() and not self.shutdown.is_requested:
            thread.join(_POLL_S)
            self._tick()

    def _await_service(self) -> None:
        """In Standby or the warm pool wait before the first receive: a restart would end here again."""
        while not self.shutdown.is_requested and self.spot.is_out_of_service():
            if not self._waits_for:
                self._waits_for = "the Auto Scaling group has this instance in Standby or in its warm pool"
                _log.info("waiting_for_service", reason=self._waits_for)
                # It may wait for hours, longer than any start may take.
                self.manager.ready(self._status())
            self.shutdown.wait(self.spot.check_interval)
            self._tick()
        self._waits_for = ""

    @property
    def _loops(self) -> WorkerLoops:
        return WorkerLoops(
            shutdown=self.shutdown,
            consumer=self.consumer,
            heartbeat=self.heartbeat,
            sandbox=self.sandbox,
            crash_detector=self.crash_detector,
            group=self.group,
            replayer=self.replayer,
            log_sweep=self.log_sweep,
            metric_log=self.metric_log,
            watchdog=self.manager.watchdog,
            uploader=self._uploader,
            attempts=self.attempts,
            phases=self._phases,
            side_loops=self.side_loops,
        )

    @property
    def _refusals(self) -> Refusals:
        consumer = self.consumer
        return Refusals(sources=consumer.attempts.claimer.storage.sources, resources=consumer.resources)

    @property
    def _uploader(self) -> BackgroundUploader | None:
        return self.consumer.attempts.processor.store.uploader

    def readiness(self) -> tuple[bool, dict[str, object]]:
        """Whether the worker takes work: it polls, nothing refuses it, and no stop was requested."""
        polled_at = self.consumer.polled_at
        age_s = None if polled_at is None else round(self.shutdown.now() - polled_at, 1)
        busy = self.consumer.in_flight > 0
        paused = self._waits_for or self.consumer.local_health.pause_reason
        can_start, refusals = self._refusals.details()
        polls = age_s is not None and (busy or age_s < _STALE_POLL_S)
        return can_start and polls and not paused and not self.shutdown.is_requested, {
            **({"paused": paused} if paused else {}),
            "stopping": self.shutdown.is_requested,
            "seconds_since_poll": age_s,
            "in_flight": self.consumer.in_flight,
            **refusals,
        }

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Only a count: a handler may interrupt any line, also one that holds the lock of `shutdown`.
        self._signals += 1

    def _tick(self) -> None:
        """What the main thread does while it waits."""
        self._handle_signals()
        self.manager.watchdog.report(_MAIN)
        report = self.manager.draining if self.shutdown.is_requested else self.manager.show
        report(self._status())

    def _status(self) -> str:
        stop, paused = self.shutdown.stop, self._waits_for or self.consumer.local_health.pause_reason
        state = f"Paused: {paused}" if paused else "Receiving"
        state = f"Draining ({stop.reason})" if stop is not None else state
        return f"{state}; {self.consumer.in_flight} messages in hand"

    def _log_metrics(self) -> list[threading.Thread]:
        return [self._start_step("metric-log", self.metric_log.step)] if self.metric_log else []

    def _handle_signals(self) -> None:
        if self._signals == 1:
            if not self.shutdown.is_requested:
                self.metrics.interruptions.labels(kind="signal").inc()
            self.shutdown.request("signal")
            self.shutdown.hurry()
        elif self._signals > 1:
            self.shutdown.request_now("second signal")

    def _stop(self, threads: WorkerThreads) -> None:
        stop = self.shutdown.stop
        # First: a kill that follows a stop, by systemd or with the machine, is no document's fault.
        self.crash_detector.record.close()
        self.metrics.shutdown_requested.set(1)
        self.manager.stopping(self._status())
        _log.info("shutdown_began", reason=stop.reason if stop else "", left_s=self._left_s(_flush_by))
        # Also at the end: but the machine may not live to see that.
        self._log_metrics()
        # The replayers end with the receiving: pending rows wait for another worker.
        self._phases.wake.set()
        self._join([threads.receiver], _flush_by)
        self._phases.receiving_over.set()
        # Heartbeat and sandbox still run: documents in progress are finished or requeued with their help.
        self._join(threads.attempts, _flush_by)
        # Now nothing is parked any more, and nothing that was parked is resumed.
        self._phases.parking_over.set()
        self._join([threads.parking], _flush_by)
        # In threads, because a queue that does not answer must not keep the process alive.
        self._join([self._start_step("requeue-rest", self.consumer.requeue_rest)], _flush_by)
        # What is held now belongs to attempts that did not end: their pages are saved, and others get them.
        self._join([self._start_step("shut-down", self._shut_down)], _release_by)
        self._phases.attempts_over.set()
        self._finish_uploads(threads.uploads)
        self._phases.group_wake.set()
        # What hangs here holds no message: the fence refuses its writes, and pending rows stay pending.
        until = self.shutdown.now() + _OTHERS_S
        # What follows takes at most two of these.
        self._wait_for(threads.others, lambda stop: min(until, stop.deadline - 2 * _EXIT_S))
        self.spot.stop_monitoring()

    def _finish_uploads(self, threads: list[threading.Thread]) -> None:
        """Upload what attempts that ended left in the queue; no message depends on it."""
        if (uploader := self._uploader) is not None:
            uploader.hurry()
            self._wait_for(threads, _flush_by)
            self._uploads_left = uploader.close()

    def _shut_down(self) -> None:
        self._report_of_shutdown = self.spot.handle_graceful_shutdown(
            self.consumer.attempts.processor, self.heartbeat.held()
        )

    def _start_step(self, name: str, step: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=step, name=name, daemon=True)
        thread.start()
        return thread

    def _join(self, threads: list[threading.Thread], deadline: Callable[[Stop], float]) -> None:
        """Wait for threads that hold messages; those that do not end make the shutdown incomplete."""
        self._abandoned += self._wait_for(threads, deadline)

    def _wait_for(self, threads: list[threading.Thread], deadline: Callable[[Stop], float]) -> list[str]:
        """Wait until a deadline of the stop, which a later notice may bring forward; who did not end."""
        while any(thread.is_alive() for thread in threads) and self._left_s(deadline) > 0:
            for thread in threads:
                thread.join(_POLL_S / len(threads))
            self._tick()
        # No harm: SQS redelivers the message of an abandoned attempt, and the fence refuses its writes.
        if left := [thread.name for thread in threads if thread.is_alive()]:
            _log.warning("threads_abandoned", threads=left, in_flight=self.consumer.in_flight)
        return left

    def _left_s(self, deadline: Callable[[Stop], float]) -> float:
        stop = self.shutdown.stop
        return round(deadline(stop) - self.shutdown.now(), 1) if stop else 0.0

    def _report(self) -> int:
        failure, stop, settlement = self.shutdown.failure, self.shutdown.stop, self.consumer.settlement
        is_complete = not (self._abandoned or self.consumer.in_flight or settlement.unsettled)
        saved = self._report_of_shutdown is not None and self._report_of_shutdown.state_saved
        status, exit_status = "GRACEFUL_SHUTDOWN", 0
        if not is_complete:
            status, exit_status = "INCOMPLETE_SHUTDOWN", EXIT_INCOMPLETE
        if failure is not None:
            status, exit_status = "FAILED", 1
        _log.info(
            "worker_stopped",
            status=status,
            reason=stop.reason if stop else "",
            messages_requeued=settlement.requeued,
            messages_unsettled=max(settlement.unsettled, self.consumer.in_flight),
            # What is left in the queue of uploads was not saved.
            state_saved=is_complete and saved and not self._uploads_left,
            uploads_left=self._uploads_left,
        )
        if failure is not None:
            _log.error("fatal_error", reason=str(failure))
        return exit_status
