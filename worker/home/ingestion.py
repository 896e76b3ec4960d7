"""`cis-worker ingest` without its terminal: plan, start the embedded stack, process, keep the results.

Where the plan is empty, no server is started.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from worker.aws.file_table import FileTable
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.embedded.stack import EmbeddedStack
from worker.errors import JobInterrupted
from worker.extract.extraction_key import PIPELINE_VERSION
from worker.home.file_walk import Ignored
from worker.home.folder import Home, translate_os_errors
from worker.home.ingest_run import IngestRun
from worker.home.manifest import Manifest
from worker.home.plan import Planner, Skipped, Task, require_paths
from worker.home.result_keeper import IngestProgress, Listener
from worker.home.worker_keeper import WorkerKeeper
from worker.index.sqlite.sqlite_index import SqliteIndex

_FENCES_A_RUN = 1_000
"""More claims of one file than one run can make, so that fences of a later run are always higher."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestRequest:
    """The arguments of a run; `made_with` names everything that decides what comes out of a file."""

    paths: tuple[str, ...]
    home: Home
    prune: bool
    made_with: str
    max_file_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestEnd:
    """How a run ended: whether it was interrupted, and how many files it did not reach."""

    interrupted: bool
    left: int


def ingest(request: IngestRequest, listener: Listener, *, is_stopped: Callable[[], bool]) -> IngestEnd:
    """Update index and manifest to the state of the disk; finished files are kept whatever happens.

    `is_stopped` is called often; True ends the run gracefully. Raises MisconfiguredError for a path that
    does not exist, a home that cannot be used or is in use, and a worker that keeps dying.
    """

    def stop() -> None:
        if is_stopped():
            raise JobInterrupted("stopped by a signal")

    home = request.home
    paths = tuple(os.path.abspath(path) for path in request.paths)  # noqa: PTH100 - may be no UTF-8
    # With --prune a path may be missing on the disk, when the manifest has entries for it.
    if not (request.prune and home.manifest_path.exists()):
        require_paths(paths, may_be_missing=lambda _: False)
    with home.lock(), closing(Manifest(home.manifest_path)) as manifest:
        require_paths(paths, may_be_missing=lambda path: request.prune and bool(manifest.below(path)))
        with closing(SqliteIndex(home.index_path)) as index:
            planner = Planner(manifest=manifest, index=index, made_with=request.made_with, stop=stop)
            tasks: list[Task] = []
            try:
                _plan(planner, request, paths, listener, tasks)
                if not tasks:
                    return IngestEnd(interrupted=False, left=0)
                stop()
                return _process(request, planner, listener, tasks)
            except JobInterrupted:
                return IngestEnd(interrupted=True, left=len(tasks))


def _plan(
    planner: Planner, request: IngestRequest, paths: tuple[str, ...], listener: Listener, tasks: list[Task]
) -> None:
    for step in planner.plan(paths, home=str(request.home.folder)):
        match step:
            case Task():
                tasks.append(step)
            case Skipped(result=result):
                listener.on_result(result)
            case Ignored(path=path, message=message):
                listener.on_note(path, message)
        listener.on_progress(IngestProgress(done=0, total=len(tasks), pages=0, queued=0))
    if request.prune:
        tasks += planner.find_deleted(paths)


def _process(request: IngestRequest, planner: Planner, listener: Listener, tasks: list[Task]) -> IngestEnd:
    home, manifest = request.home, planner.manifest
    with translate_os_errors(home.folder), EmbeddedStack(home.folder, notifications=False) as stack:
        clients, resources = stack.clients, stack.resources
        run = IngestRun(
            home=home,
            manifest=manifest,
            index=planner.index,
            storage=StorageHandler(clients.s3, results_bucket=resources.results_bucket),
            queue=QueueManager(clients.sqs, queue_url=resources.queue_url, dlq_url=resources.dlq_url),
            table=FileTable(
                clients.dynamodb, table=resources.table, owner="ingest", pipeline_version=PIPELINE_VERSION
            ),
            worker=WorkerKeeper(stack),
            listener=listener,
            made_with=request.made_with,
            max_file_bytes=request.max_file_bytes,
            fence=manifest.begin_run() * _FENCES_A_RUN,
            stop=planner.stop,
        )
        try:
            run.run(tasks)
        except JobInterrupted:
            return IngestEnd(interrupted=True, left=run.left)
        return IngestEnd(interrupted=False, left=run.left)
