"""A fleet of real worker processes, each a machine of its own: proxies, instance metadata, a work folder."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import requests

from tests.resilience.real.fault_answers import Service
from tests.resilience.real.proxy import FaultProxy, Rule
from tests.resilience.real.world import World
from worker.embedded.metadata_server import MetadataServer
from worker.embedded.worker_process import LogLine, WorkerProcess

# Deadlines of what takes seconds on a quiet machine, and ten times as long on a busy one.
READY_S = 240.0
HAPPENS_S = 600.0
_ANSWER_S = 5.0
_TICK_S = 0.05
# 75 where threads had to be abandoned: the worker said so, and its messages are redelivered.
_STOPPED = (0, 75)

_ENDPOINTS = {
    Service.S3: "AWS_ENDPOINT_URL_S3",
    Service.SQS: "AWS_ENDPOINT_URL_SQS",
    Service.DYNAMODB: "AWS_ENDPOINT_URL_DYNAMODB",
    Service.BEDROCK: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    Service.OPENSEARCH: "OPENSEARCH_ENDPOINT",
}

_tick = threading.Event()


def wait_until(done: Callable[[], bool], *, what: str, timeout_s: float = HAPPENS_S) -> None:
    """Wait for something that other processes do. Raises TimeoutError that says for what."""
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:.0f} s: {what}")
        pause(_TICK_S)


def pause(seconds: float) -> None:
    """Let the workers work."""
    _tick.wait(seconds)


class Links:
    """The way to each service, through a proxy; a context manager."""

    def __init__(self, world: World, *, seed: int) -> None:
        self._closing = ExitStack()
        self._queues = {name: world.environment[name] for name in ("CIS_QUEUE_URL", "CIS_DLQ_URL")}
        self.proxies = {
            service: FaultProxy(
                url,
                service,
                seed=seed,
                on_exchange=world.receives.observe if service is Service.SQS else None,
            )
            for service, url in world.upstreams.items()
        }

    def control(self, *rules: Rule) -> None:
        """Set the rules of every service."""
        for proxy in self.proxies.values():
            proxy.control(*rules)

    @property
    def is_holding(self) -> bool:
        """Whether a request has not had its end yet."""
        return any(proxy.holding for proxy in self.proxies.values())

    def environment(self) -> dict[str, str]:
        """The variables that lead a worker this way."""
        urls = {_ENDPOINTS[service]: proxy.url for service, proxy in self.proxies.items()}
        address = urlsplit(self.proxies[Service.SQS].url)
        queues = {
            name: urlunsplit(urlsplit(url)._replace(netloc=address.netloc))
            for name, url in self._queues.items()
        }
        return {**urls, **queues}

    def __enter__(self) -> Self:
        for proxy in self.proxies.values():
            self._closing.enter_context(proxy)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """A line of a worker's log, with its worker and the monotonic time at which it was read."""

    worker: str
    at: float
    line: LogLine


@dataclass
class Machine:
    """One worker process and what surrounds it; `expected` are the exit statuses it may end with."""

    name: str
    process: WorkerProcess
    metadata: MetadataServer
    links: Links
    expected: tuple[int, ...] = ()
    resume_at: float | None = None
    is_condemned: bool = False
    started_at: float = field(default_factory=time.monotonic)

    @property
    def is_ready(self) -> bool:
        """Whether it works and no fault was done to it yet."""
        ready = any(line.get("event") == "worker_ready" for line in self.process.lines())
        return self.process.is_running and ready and not self.is_condemned and self.resume_at is None

    @property
    def is_busy(self) -> bool:
        """Whether it says that a message is in processing."""
        port = self.process.wait_until_ready()["http_port"]
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=_ANSWER_S).json()
        except requests.RequestException:
            return False
        return int(answer.get("in_flight", 0)) > 0

    def kill(self) -> None:
        """As a crash, or a machine that vanishes."""
        self.is_condemned, self.expected = True, (-signal.SIGKILL,)
        self.process.kill()

    def terminate(self) -> None:
        """As systemd does."""
        self.is_condemned, self.expected = True, _STOPPED
        self.process.terminate()

    def notify(self, *, in_s: float) -> None:
        """A spot interruption notice."""
        self.is_condemned, self.expected = True, _STOPPED
        self.metadata.control({"instance_action": {"action": "terminate", "in_s": in_s}})

    def suspend(self, seconds: float) -> None:
        """Stop the process where it stands; `Fleet.tick` lets it go on."""
        self.resume_at = time.monotonic() + seconds
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        self.resume_at = None
        if self.process.is_running:
            os.kill(self.process.pid, signal.SIGCONT)


class Fleet:
    """Machines on one world; closed by its context. `tick` keeps it going: call it in every wait."""

    def __init__(self, world: World, *, settings: Mapping[str, str]) -> None:
        self._world = world
        self._settings = settings
        self._closing = ExitStack()
        self._count = 0
        self.machines: list[Machine] = []
        self.log: list[Logged] = []
        self.surprises: list[str] = []
        """Ends that nobody asked for, and exit statuses other than asked for."""

    def start(self, links: Links, **settings: str) -> Machine:
        """Start a machine; returns before its worker is ready."""
        self._count += 1
        name = f"machine-{self._count}"
        folder = self._world.home / name
        # A second fleet on this world starts its numbers anew.
        folder.mkdir(exist_ok=True)
        metadata = self._closing.enter_context(MetadataServer())
        process = WorkerProcess(
            {
                **self._world.environment,
                **links.environment(),
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url,
                "CIS_WORKER_ID": name,
                "CIS_WORK_DIR": str(folder),
                **self._settings,
                **settings,
            },
            stderr_path=folder / "stderr.log",
            on_line=lambda line: self.log.append(Logged(worker=name, at=time.monotonic(), line=line)),
        )
        self._closing.callback(process.close)
        machine = Machine(name=name, process=process, metadata=metadata, links=links)
        self.machines.append(machine)
        return machine

    def folder_of(self, machine: Machine) -> Path:
        """The work folder of a machine."""
        return self._world.home / machine.name

    def start_ready(self, links: Links, **settings: str) -> Machine:
        """Start a machine and wait for its worker."""
        machine = self.start(links, **settings)
        machine.process.wait_until_ready(READY_S)
        return machine

    def tick(self) -> None:
        """Resume those whose time has come, and replace those that ended, as an Auto Scaling group does."""
        now = time.monotonic()
        for machine in list(self.machines):
            if machine.resume_at is not None and machine.resume_at <= now:
                machine.resume()
            if not machine.process.is_running:
                self._reap(machine)
                self.start(machine.links)
        pause(_TICK_S)

    def settle(self, *, timeout_s: float = HAPPENS_S) -> bool:
        """Go on until no message is left and every file has an end state; False when time is up."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            # A scan of the ledger is not free: once in a while.
            for _ in range(10):
                self.tick()
            # One that still stands must wake up first, and try to write what it had.
            awake = all(machine.resume_at is None for machine in self.machines)
            if awake and self._world.is_settled():
                return True
        return False

    def stop(self) -> None:
        """Stop all by SIGTERM, and note what did not end well."""
        for machine in self.machines:
            machine.resume()
            if not machine.is_condemned:
                machine.process.wait_until_ready(READY_S)
                machine.terminate()
        for machine in list(self.machines):
            machine.process.wait(HAPPENS_S)
            self._reap(machine)

    def events(self, name: str) -> list[Logged]:
        """The log lines with an event."""
        return [logged for logged in list(self.log) if logged.line["event"] == name]

    def _reap(self, machine: Machine) -> None:
        self.machines.remove(machine)
        status = machine.process.wait(READY_S)
        if status not in machine.expected:
            last = [line for line in machine.process.lines() if line.get("event") == "fatal_error"]
            reason = str(last[-1].get("reason", "")) if last else "no reason in its log"
            expected = machine.expected or "no end"
            self.surprises.append(f"{machine.name} ended with status {status}, expected {expected}: {reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()
