"""`cis-worker ingest` without its terminal: plan, start the embedded stack, process, keep the results.

Where the plan is empty, no server is started.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from worker.errors import JobInterrupted
from worker.home.file_walk import Ignored, LeftOut
from worker.home.folder import Home, translate_os_errors
from worker.home.manifest import Manifest
from worker.home.name_filter import EVERY_NAME, NameFilter
from worker.home.plan import Planner, Skipped, Task, require_paths
from worker.home.result_keeper import IngestProgress, Listener
from worker.index.sqlite.sqlite_index import SqliteIndex

if TYPE_CHECKING:
    # As below: a plan needs none of what a run imports.
    from worker.embedded.stack import EmbeddedStack
    from worker.home.ingest_run import IngestRun
    from worker.home.worker_keeper import WorkerKeeper

_FENCES_A_RUN = 1_000
"""More claims of one file than one run can make, so that fences of a later run are always higher."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestRequest:
    """The arguments of a run; `made_with` names everything that decides what comes out of a file.

    `worker_settings` are variables of the worker that the environment does not have.
    """

    paths: tuple[str, ...]
    home: Home
    prune: bool
    made_with: str
    max_file_bytes: int
    names: NameFilter = EVERY_NAME
    worker_settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestEnd:
    """How a run ended: whether it was interrupted, and how many files it did not reach.

    `left_out` counts the files and folders that their names left out, `pages_kept` the pages of files that
    the run began and could not finish, `pages_restored` those that an earlier run had kept.
    """

    interrupted: bool
    left: int
    left_out: int = 0
    pages_kept: int = 0
    pages_restored: int = 0


def ingest(request: IngestRequest, listener: Listener, *, is_stopped: Callable[[], bool]) -> IngestEnd:
    """Update index and manifest to the state of the disk; finished files are kept whatever happens.

    `is_stopped` is called often; True ends the run gracefully. Raises MisconfiguredError for a path that
    does not exist, a home that cannot be used or is in use, and a worker that keeps dying.
    """
    home = request.home
    paths = _absolute(request)
    with home.lock(), closing(Manifest(home.manifest_path)) as manifest:
        _require(request, paths, manifest)
        with closing(SqliteIndex(home.index_path)) as index:
            planner = _planner(request, manifest, index, is_stopped)
            plan = Plan()
            try:
                if files := index.renew_terms(planner.stop):
                    listener.on_note(str(home.index_path), f"words of {files:,} files made anew")
                _plan(planner, request, paths, listener, plan)
                if not plan.tasks:
                    return IngestEnd(interrupted=False, left=0, left_out=plan.left_out)
                planner.stop()
                listener.on_work()
                end = _process(request, planner, listener, plan.tasks)
            except JobInterrupted:
                end = IngestEnd(interrupted=True, left=len(plan.tasks))
            return replace(end, left_out=plan.left_out)


@dataclass(kw_only=True, slots=True)
class Plan:
    """What a run would do, and how many files and folders are left out by their names."""

    tasks: list[Task] = field(default_factory=list)
    left_out: int = 0


def plan_only(request: IngestRequest, listener: Listener, *, is_stopped: Callable[[], bool]) -> Plan:
    """What `ingest` would do now, without doing it; raises as `ingest`, and JobInterrupted."""
    paths = _absolute(request)
    is_new = not request.home.manifest_path.exists()
    # Nothing may be created where nothing is yet; an empty manifest elsewhere says the same.
    place = tempfile.TemporaryDirectory(prefix="cis-plan-") if is_new else nullcontext(request.home.folder)
    with place as folder:
        home = Home(folder=Path(folder))
        with (
            closing(Manifest(home.manifest_path)) as manifest,
            closing(SqliteIndex(home.index_path)) as index,
        ):
            _require(request, paths, manifest)
            plan = Plan()
            _plan(_planner(request, manifest, index, is_stopped, dry=True), request, paths, listener, plan)
            return plan


def _absolute(request: IngestRequest) -> tuple[str, ...]:
    paths = tuple(os.path.abspath(path) for path in request.paths)  # noqa: PTH100 - may be no UTF-8
    # With --prune a path may be missing on the disk, when the manifest has entries for it.
    if not (request.prune and request.home.manifest_path.exists()):
        require_paths(paths, may_be_missing=lambda _: False)
    return paths


def _require(request: IngestRequest, paths: tuple[str, ...], manifest: Manifest) -> None:
    require_paths(paths, may_be_missing=lambda path: request.prune and bool(manifest.below(path)))


def _planner(
    request: IngestRequest,
    manifest: Manifest,
    index: SqliteIndex,
    is_stopped: Callable[[], bool],
    *,
    dry: bool = False,
) -> Planner:
    def stop() -> None:
        if is_stopped():
            raise JobInterrupted("stopped by a signal")

    return Planner(
        manifest=manifest, index=index, made_with=request.made_with, stop=stop, names=request.names, dry=dry
    )


def _plan(
    planner: Planner, request: IngestRequest, paths: tuple[str, ...], listener: Listener, plan: Plan
) -> None:
    for step in planner.plan(paths, home=str(request.home.folder)):
        match step:
            case Task():
                plan.tasks.append(step)
            case Skipped(result=result):
                listener.on_result(result)
            case Ignored(path=path, message=message):
                listener.on_note(path, message)
            case LeftOut():
                plan.left_out += 1
        listener.on_progress(IngestProgress(done=0, total=len(plan.tasks), pages=0, queued=0))
    if request.prune:
        plan.tasks += planner.find_deleted(paths)


def _process(request: IngestRequest, planner: Planner, listener: Listener, tasks: list[Task]) -> IngestEnd:
    # Only here: most runs find nothing new, and these imports would cost them more than all else.
    from worker.embedded.stack import EmbeddedStack  # noqa: PLC0415
    from worker.home.worker_keeper import WorkerKeeper  # noqa: PLC0415

    stack = EmbeddedStack(request.home.folder, notifications=False)
    with translate_os_errors(request.home.folder), ExitStack() as ending:
        ending.callback(stack.stop)
        stack.begin()
        # First: the worker takes as long to start as all that is left to do before its first message.
        worker = WorkerKeeper(stack, request.worker_settings)
        worker.check()
        return _process_on(stack, worker, request, planner, listener, tasks)


def _process_on(
    stack: EmbeddedStack,
    worker: WorkerKeeper,
    request: IngestRequest,
    planner: Planner,
    listener: Listener,
    tasks: list[Task],
) -> IngestEnd:
    from worker.aws.file_table import FileTable  # noqa: PLC0415
    from worker.aws.queue_manager import QueueManager  # noqa: PLC0415
    from worker.aws.storage_handler import StorageHandler  # noqa: PLC0415
    from worker.extract.extraction_key import PIPELINE_VERSION  # noqa: PLC0415
    from worker.home.ingest_run import IngestRun  # noqa: PLC0415

    stack.start()
    home, manifest = request.home, planner.manifest
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
        worker=worker,
        listener=listener,
        made_with=request.made_with,
        max_file_bytes=request.max_file_bytes,
        fence=manifest.begin_run() * _FENCES_A_RUN,
        stop=planner.stop,
    )
    try:
        run.run(tasks)
    except JobInterrupted:
        return _end(run, interrupted=True)
    return _end(run, interrupted=False)


def _end(run: IngestRun, *, interrupted: bool) -> IngestEnd:
    return IngestEnd(
        interrupted=interrupted,
        left=run.left,
        pages_kept=run.pages_kept,
        pages_restored=run.worker.restored_pages.total(),
    )
