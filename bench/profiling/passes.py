"""One run of a workload for each kind of figure, since each kind disturbs what the others measure."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil

from bench.profiling.profile_records import ProcessFigures, read_records
from bench.profiling.workloads import Files, Workload
from bench.worker_under_test import WorkerUnderTest, warm_worker
from worker.runtime.profiling.profile_order import ProfileKind
from worker.runtime.profiling.worker_profile import SNAPSHOT_SIGNAL

_WARM_SHARE = 3
_DEADLINE_S = 300.0
_POLL_S = 0.05
# Profiled pages take longer, and longer still on a busy machine.
_PATIENT = {"CIS_PAGE_TIMEOUT_S": "900", "CIS_DOCUMENT_TIMEOUT_S": "900"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """What one run found: figures by kind of process, and what the system says of the fork server."""

    documents: int
    figures: Mapping[str, ProcessFigures]
    fork_server_cpu_s: float = 0.0


def cpu_pass(workload: Workload, kind: ProfileKind, home: Path) -> Pass:
    """All files at once, as they come in a queue."""
    files, folder = workload.for_cpu(home), home / "profile"
    with warm_worker(home / "stack", CIS_PROFILE=f"{kind}:{folder}", **_PATIENT) as worker:
        _process(worker, files)
        fork_server_cpu_s = _fork_server_cpu_s(worker)
    return Pass(
        # The one that warms the worker up is in the figures, too.
        documents=len(files) + 1,
        figures=read_records(folder),
        fork_server_cpu_s=fork_server_cpu_s,
    )


def memory_pass(workload: Workload, home: Path) -> Pass:
    """Python's memory after the first third of the files, and after the others."""
    files, folder = workload.for_memory(home), home / "profile"
    order = f"{ProfileKind.ALLOCATIONS}:{folder}"
    settings = {**_PATIENT, **workload.for_memory_settings, "CIS_PROFILE": order}
    names = list(files)
    first, others = names[: len(names) // _WARM_SHARE], names[len(names) // _WARM_SHARE :]
    with warm_worker(home / "stack", **settings) as worker:
        _process(worker, {name: files[name] for name in first})
        _take_snapshot(worker, folder, 1)
        _process(worker, {name: files[name] for name in others})
        _take_snapshot(worker, folder, 2)
    return Pass(documents=len(others), figures=read_records(folder))


def _process(worker: WorkerUnderTest, files: Files) -> None:
    for name, data in files.items():
        worker.put(name, data)
    for name in files:
        worker.finish(name)


def _take_snapshot(worker: WorkerUnderTest, folder: Path, count: int) -> None:
    os.kill(worker.process.pid, SNAPSHOT_SIGNAL)
    deadline = time.monotonic() + _DEADLINE_S
    while len((folder / "worker.jsonl").read_bytes().splitlines()) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("the worker wrote no record of its memory")
        Event().wait(_POLL_S)


def _fork_server_cpu_s(worker: WorkerUnderTest) -> float:
    """Of the process that forks the readers itself, its start included."""
    times = [one.cpu_times() for one in psutil.Process(worker.process.pid).children()]
    return float(sum(one.user + one.system for one in times))
