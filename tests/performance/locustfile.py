"""Load: users who put files into S3, send their messages, and want to find them.

    locust -f tests/performance/locustfile.py --headless -u 10 -r 5 -t 30s

`make load USERS=10 MINUTES=2` does this with a report. docs/performance.md explains options and figures.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

# Locust puts only this folder and the working directory there.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from locust import HttpUser, User, between, events, task

from tests.performance.load.accounts import SentFile
from tests.performance.load.files import LoadFile
from tests.performance.load.run import LoadRun
from tests.performance.load.shapes import OfficeDayShape, SpikeShape, SteadyShape, StressShape
from worker.errors import WorkerError

__all__ = [
    "DocumentUser",
    "HealthUser",
    "OfficeDayShape",
    "SpikeShape",
    "SteadyShape",
    "StressShape",
]

_HEALTH_TIMEOUT_S = 30.0
_numbers = itertools.count()
T = TypeVar("T")


class DocumentUser(User):
    """Somebody of the company: saves PDFs and pictures, and sometimes asks how much is still to be done.

    A save does not wait until the file can be found: load is what comes in, not what comes out. From the
    event to the search the probe measures.
    """

    weight = 9
    wait_time = between(1, 3)

    @task(3)
    def save_pdf(self) -> None:
        """Put a PDF with a text layer, and announce it."""
        _save(RUN.corpus.pdf())

    @task(2)
    def save_image(self) -> None:
        """Put a picture with a few words on it, and announce it."""
        _save(RUN.corpus.image())

    @task(1)
    def read_queue_depth(self) -> None:
        """Ask the queue for its depth."""
        depth = _measured("depth", "queue", RUN.bed.session.depth)
        if depth is not None and RUN.observation is not None:
            RUN.observation.depth = depth


class HealthUser(HttpUser):
    """What watches a worker: a load balancer, a scraper. One of them is there beside the load."""

    host = "http://127.0.0.1"  # each request names its server itself
    wait_time = between(1, 3)

    @task(3)
    def ask_alive(self) -> None:
        """Is it alive?"""
        self._ask("/healthz")

    @task(2)
    def ask_ready(self) -> None:
        """Can it work?"""
        self._ask("/readyz")

    @task(1)
    def scrape(self) -> None:
        """Its metrics."""
        self._ask("/metrics")

    def _ask(self, path: str) -> None:
        if (url := RUN.health_url(next(_numbers))) is not None:
            self.client.get(f"{url}{path}", name=path, timeout=_HEALTH_TIMEOUT_S)


def _save(file: LoadFile) -> None:
    session = RUN.bed.session
    key = _measured("put", file.kind, lambda: session.put(file))
    if key is None:
        return
    sent_at = time.monotonic()
    file_id = _measured("send", file.kind, lambda: session.announce(key, size_bytes=len(file.data)))
    if file_id is not None:
        RUN.send(SentFile(file_id=file_id, key=key, kind=file.kind, word=file.word, sent_at=sent_at))


def _measured(kind: str, name: str, call: Callable[[], T]) -> T | None:
    """What a call returns, which Locust counts; None where it failed."""
    began = time.monotonic()
    try:
        result = call()
    except WorkerError as error:
        RUN.fire(kind, name, time.monotonic() - began, error)
        return None
    RUN.fire(kind, name, time.monotonic() - began)
    return result


RUN = LoadRun(health_user=HealthUser)
RUN.register(events)
