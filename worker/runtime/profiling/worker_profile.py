"""The profile of the worker's own process, around all that it does after its start."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from worker.runtime.profiling.process_profile import ProcessProfile
from worker.runtime.profiling.profile_order import ProfileOrder

_log = structlog.get_logger(__name__)

SNAPSHOT_SIGNAL = signal.SIGUSR1
"""Makes a worker that is profiled write a record now, to part what came before from what comes after."""


@contextmanager
def worker_profile(order: ProfileOrder | None) -> Iterator[None]:
    """Profile the block, in the main thread; nothing where nothing was ordered."""
    if order is None:
        yield
        return
    _log.warning("profiling", kind=order.kind, folder=str(order.folder))
    descriptor = order.open("worker")
    profile = ProcessProfile(order, process="worker", descriptor=descriptor)
    before = signal.signal(SNAPSHOT_SIGNAL, lambda *_: profile.save("snapshot"))
    profile.begin()
    try:
        yield
    finally:
        profile.end()
        signal.signal(SNAPSHOT_SIGNAL, before)
        os.close(descriptor)
