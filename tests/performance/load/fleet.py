"""The workers of a load run, started and stopped as its shape asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.performance.load.errors import LoadError
from worker.embedded.worker_process import WorkerProcess
from worker.errors import UnavailableError

_READY_S = 300.0
_STOP_S = 150.0
_POLL_S = 0.1


class Fleet:
    """Worker processes with one environment. Only `wait_until_ready` and `stop` wait."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._started = 0
        self._running: list[WorkerProcess] = []
        self._stopping: list[WorkerProcess] = []

    @property
    def size(self) -> int:
        """How many workers there are, those that are stopping left out."""
        return len(self._running)

    def resize(self, count: int) -> None:
        """Start workers, or send SIGTERM to the youngest, until there are `count`."""
        while len(self._running) < count:
            self._running.append(self._start())
        while len(self._running) > count:
            process = self._running.pop()
            process.terminate()
            self._stopping.append(process)

    def wait_until_ready(self) -> None:
        """Wait until every worker receives messages. Raises LoadError where one ends instead."""
        for process in self._running:
            try:
                port = process.wait_until_ready(_READY_S)["http_port"]
                _wait_until_polling(f"http://127.0.0.1:{port}/readyz")
            except (UnavailableError, TimeoutError) as error:
                raise LoadError(f"A worker did not start: {error}") from error

    def health_urls(self) -> list[str]:
        """The health servers of the workers that are ready."""
        ports = [
            line["http_port"]
            for process in self._running
            for line in process.lines()
            if line.get("event") == "worker_ready"
        ]
        return [f"http://127.0.0.1:{port}" for port in ports]

    def ended(self) -> list[str]:
        """Workers that ended without being asked to."""
        return [
            f"worker process {process.pid} ended with status {process.wait(_READY_S)}"
            for process in self._running
            if not process.is_running
        ]

    def stop(self) -> None:
        """Stop all by SIGTERM, then by SIGKILL what does not end."""
        self.resize(0)
        deadline, tick = time.monotonic() + _STOP_S, threading.Event()
        while any(process.is_running for process in self._stopping) and time.monotonic() < deadline:
            tick.wait(_POLL_S)
        self.close()

    def close(self) -> None:
        """Kill what still runs."""
        for process in (*self._running, *self._stopping):
            process.close()

    def _start(self) -> WorkerProcess:
        self._started += 1
        name = f"load-worker-{self._started}"
        return WorkerProcess(
            # Its lines are read from its standard output.
            {**self._environment, "CIS_WORKER_ID": name, "CIS_LOG_DIR": "", "CIS_HTTP_PORT": "0"},
            stderr_path=self._folder / f"{name}.stderr.log",
        )


def _wait_until_polling(url: str) -> None:
    """A worker says that it is ready, and is so for others once its first poll is answered."""
    deadline, tick = time.monotonic() + _READY_S, threading.Event()
    while not requests.get(url, timeout=_STOP_S).ok:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} still answers that it is not ready")
        tick.wait(_POLL_S)
