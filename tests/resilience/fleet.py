"""Simulated workers: the production composition and life cycle, on simulated threads and a simulated network.

This is the only place that knows how a worker is put together.
"""

from __future__ import annotations

import copy
import random
import signal
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import requests
import structlog

import worker.app
import worker.aws.instance_metadata
import worker.composition.components
import worker.composition.side_loops
import worker.lifecycle
import worker.sandbox.scheduler
from tests.resilience import simulated_threads, wire
from tests.resilience.faulty_index import FaultyIndex
from tests.resilience.rebinding import Rebinding
from tests.resilience.scheduler import Killed, Process, Scheduler
from tests.resilience.scripted_reader import OcredPage, ScriptedForkServer
from tests.resilience.side_loops import choose_side_loops
from tests.resilience.wire import Network
from worker.aws.clients import make_clients
from worker.config import Settings, sandbox_environment
from worker.document.options_from_settings import read_options
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.runtime.process_record import ProcessRecord
from worker.runtime.work_root import WorkRoot
from worker.sandbox.fork_server_client import ForkServerClient
from worker.sandbox.scheduler import Sandbox

if TYPE_CHECKING:
    from structlog.typing import EventDict

WORK_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/work"
DLQ_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
EVENTS_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/events"
RESULTS = "results"
# The loop of the production is two seconds; the requests of an idle fleet would be most of a simulation.
_METADATA_INTERVAL_S = 20.0
_REPLAY_INTERVAL_S = 300.0

_fleets: list[Fleet] = []


class Simulation:
    """What all fleets of a test run share: clients, which are slow to make, and the replaced primitives."""

    def __init__(self) -> None:
        self._rebinding = Rebinding()
        self.raw = make_clients(region=wire.REGION)
        # The budget of retries belongs to a client, and so would pass from one world to the next.
        quota = _module("botocore.retries.quota")
        self._rebinding.set(quota, "RetryQuota", partial(quota.RetryQuota, initial_capacity=10**12))
        self._clients = make_clients(region=wire.REGION)
        self._rebinding.undo()
        wire.connect(self._clients)
        self._hooks = [(events, copy.copy(events._emitter)) for events in self._emitters()]

    def _emitters(self) -> list[Any]:
        made = self._clients
        clients = (made.sqs, made.sqs_poll, made.s3, made.dynamodb, made.bedrock)
        return [client.meta.events for client in clients]

    def forget_workers(self) -> None:
        """Take the hooks of all workers off the clients: they would hear, and keep, every later world."""
        for events, emitter in self._hooks:
            events._emitter = copy.copy(emitter)

    def __enter__(self) -> Simulation:
        try:
            self._rebind()
        except BaseException:
            # The tests that come after these in the same process need the real ones.
            self._rebinding.undo()
            raise
        structlog.configure(processors=[_collect], wrapper_class=structlog.make_filtering_bound_logger(20))
        return self

    def _rebind(self) -> None:
        rebinding, components = self._rebinding, worker.composition.components
        rebinding.install()
        rebinding.set(worker.app, "make_clients", lambda **_: self._clients)
        rebinding.set(components, "open_index", lambda settings, **_: _fleets[0].open_index(settings))
        for module in (components, worker.composition.side_loops):
            rebinding.set(module, "Random", lambda: random.Random(random.random()))
        rebinding.set(worker.lifecycle, "HealthServer", _NoHealthServer)
        named = simulated_threads.Namespace
        rebinding.set(worker.lifecycle, "signal", named(signal, signal=_install_handler))
        rebinding.set(worker.sandbox.scheduler, "ForkServerClient", _make_fork_server)
        rebinding.set(worker.aws.instance_metadata, "requests", named(requests, Session=_MetadataSession))
        rebinding.set(_module("botocore.endpoint"), "time", named(_module("time"), sleep=_sleep))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rebinding.undo()
        structlog.reset_defaults()


class SimulatedWorker:
    """One worker process."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self.process: Process = fleet.scheduler.process(name)
        self.name = name
        self.exit_status: int | None = None
        self.handler: Callable[[int, None], object] | None = None
        self.notice_at: float | None = None
        self.is_rebalance_recommended = False
        self._fleet = fleet
        fleet.scheduler.spawn("main", self._main, self.process)

    @property
    def is_running(self) -> bool:
        return self.exit_status is None and not self.process.killed

    def signal(self) -> None:
        """Send SIGTERM, which ends a process that has not installed its handler yet."""
        if self.handler is None:
            self._fleet.scheduler.kill(self.process)
        elif self.is_running:
            self.handler(signal.SIGTERM, None)

    def _main(self) -> None:
        try:
            self.exit_status = self._run()
        except Killed:
            raise
        except Exception:  # noqa: BLE001  (the top of a process)
            self.exit_status = 70
            self._fleet.scheduler.errors.append(f"{self.name}: {traceback.format_exc()}")
        # Threads that were abandoned end with their process.
        self._fleet.scheduler.kill(self.process)

    def _run(self) -> int:
        folder = self._fleet.folder / self.name
        folder.mkdir()
        settings = self._fleet.settings(work_dir=folder, worker_id=self.name)
        work_root = WorkRoot(folder)
        sandbox = Sandbox(
            options=read_options(settings),
            slots=settings.slots,
            work_root=work_root.path,
            environment=sandbox_environment(),
        )
        record: ProcessRecord | None = None
        try:
            tools = sandbox.start()
            lifecycle = worker.app.build(settings, sandbox, tools, work_root)
            record = lifecycle.crash_detector.record
            lifecycle.spot.check_interval = _METADATA_INTERVAL_S
            lifecycle.replayer.threads = self._fleet.replayers
            choose_side_loops(
                lifecycle, has_replay=self._fleet.replayers > 0, has_registry=self._fleet.has_registry
            )
            return lifecycle.run()
        finally:
            sandbox.close()
            # The end of a process frees its locks; these processes are threads.
            work_root.remove()
            if record is not None:
                record._release()


class Fleet:
    """Workers, and what they share."""

    def __init__(self, scheduler: Scheduler, network: Network, folder: Path) -> None:
        self.scheduler = scheduler
        self.network = network
        self.folder = folder
        self.workers: list[SimulatedWorker] = []
        self.log: list[str] = []
        self.ocred: list[OcredPage] = []
        self.changes: dict[str, object] = {}
        self.replayers = 1
        self.has_registry = True
        self.has_real_readers = False
        ScriptedForkServer.ocred = self.ocred

    def use(self) -> None:
        """Make this the fleet that simulated processes belong to."""
        _fleets[:] = [self]

    def start(self) -> SimulatedWorker:
        """Start one more worker."""
        self.workers.append(SimulatedWorker(self, f"w{len(self.workers) + 1}"))
        return self.workers[-1]

    @property
    def running(self) -> list[SimulatedWorker]:
        return [one for one in self.workers if one.is_running]

    def worker_of(self, process: Process) -> SimulatedWorker:
        return next(one for one in self.workers if one.process is process)

    def open_index(self, settings: Settings) -> FaultyIndex:
        assert settings.sqlite_path is not None
        return FaultyIndex(SqliteIndex(settings.sqlite_path), self.network)

    def fork_server(self, **options: Any) -> ScriptedForkServer | ForkServerClient:
        return ForkServerClient(**options) if self.has_real_readers else ScriptedForkServer(**options)

    def settings(self, **changes: object) -> Settings:
        values: dict[str, Any] = {
            "queue_url": WORK_URL,
            "dlq_url": DLQ_URL,
            "results_bucket": RESULTS,
            "file_table": wire.TABLE,
            "events_target": EVENTS_URL,
            "source_buckets": ("source",),
            "sqlite_path": self.folder / "index.sqlite3",
            "state_dir": self.folder,
            "max_documents": 2,
            "slots": 2,
            "replay_interval_s": _REPLAY_INTERVAL_S,
            "metadata_endpoint": "http://metadata",
            # The time of a real process passes at another speed.
            **({"page_timeout_s": 10.0**6, "document_timeout_s": 10.0**6} if self.has_real_readers else {}),
            **self.changes,
            **changes,
        }
        return Settings(**values)


class _NoHealthServer:
    port = 0

    def __init__(self, **_: object) -> None:
        """Nobody asks for the health of a simulated worker."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class _MetadataSession:
    """The metadata service of the instance whose process asks."""

    trust_env = False

    def request(self, method: str, url: str, **_: object) -> _Answer:
        fleet = _fleets[0]
        fleet.scheduler.check_alive()
        one = fleet.worker_of(fleet.scheduler.current.process)
        if method == "PUT":
            return _Answer(200, "token", url)
        if url.endswith("spot/instance-action") and one.notice_at is not None:
            # In the time of the wall clock, which stands still here.
            at = datetime.now(UTC) + timedelta(seconds=one.notice_at - fleet.scheduler.now)
            return _Answer(200, f'{{"action": "terminate", "time": "{at.isoformat()}"}}', url)
        if url.endswith("recommendations/rebalance") and one.is_rebalance_recommended:
            return _Answer(200, "{}", url)
        return _Answer(404, "", url)


class _Answer:
    def __init__(self, status_code: int, text: str, url: str) -> None:
        self.status_code, self.text, self.url = status_code, text, url


def _install_handler(number: int, handler: Any) -> Any:
    fleet = _fleets[0]
    if number == signal.SIGTERM and callable(handler):
        fleet.worker_of(fleet.scheduler.current.process).handler = handler
    return signal.SIG_DFL


def _make_fork_server(**options: Any) -> ScriptedForkServer | ForkServerClient:
    return _fleets[0].fork_server(**options)


def _sleep(seconds: float) -> None:
    simulated_threads.scheduler().elapse(seconds)


def _module(name: str) -> Any:
    return __import__(name, fromlist=["_"])


def _collect(_logger: object, level: str, event: EventDict) -> EventDict:
    fleet = _fleets[0]
    text = " ".join(f"{name}={value}" for name, value in event.items() if name not in ("event", "exc_info"))
    trace = f"\n{traceback.format_exc()}" if event.get("exc_info") else ""
    scheduler = fleet.scheduler
    fleet.log.append(f"{scheduler.now:.2f} {scheduler.current} {level} {event['event']} {text}{trace}")
    raise structlog.DropEvent
