"""One run of the demo: embedded stack, real worker processes, an interruption in the middle of a scan.

It is driven from outside only: objects are put into S3, a Spot notice is scripted in the metadata
service, and everything else is read from logs, queue, ledger and index.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.demo.checks import DemoCheck, check_all, page_similarities
from worker.demo.folder import DemoHome
from worker.demo.log_observer import LogObserver
from worker.demo.notice import notice_in_s
from worker.demo.page_pictures import page_picture
from worker.demo.report import write_page
from worker.demo.run_record import DemoDocument, Event, RunRecord, Severity
from worker.demo.searches import planned_searches, run_search
from worker.document.packing import unpack_extraction
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import WorkerProcess
from worker.home.folder import Home
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id
from worker.models.page import Page
from worker.runtime.shutdown import Shutdown
from worker.samples.write import Sample, write_samples

_STANDSTILL_S = 240.0
"""The run ends when nothing has happened for so long; on a busy machine a page may take a minute."""
_READY_S = 60.0
_STOP_S = 60.0
_SETTLE_S = 30.0
_POLL_INTERVAL_S = 0.2
_STOP_BUDGET_S = 30
_POLL_S = 2
_ORIGINAL_FOLDER = "/nas/shared"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoProgress:
    """The progress of a run, to be displayed. `worker` is the number of the one that runs, 0 for none."""

    at_s: float
    documents: int
    documents_done: int
    pages: int
    pages_done: int
    pages_per_s: float
    waiting: int
    in_flight: int
    failures: int
    worker: int
    events: tuple[Event, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoResult:
    """The record of a run, its checks, and the page that shows both."""

    record: RunRecord
    checks: tuple[DemoCheck, ...]
    page: Path

    @property
    def has_passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def run_demo(
    folder: Path, *, keep: bool = True, show: Callable[[DemoProgress], None] = lambda _: None
) -> DemoResult:
    """Run the demo in `folder`; `show` is called five times a second.

    Without `keep` only the page stays in the folder. Raises MisconfiguredError when the folder is not from a
    demo, or something that must be installed is missing.
    """
    home = DemoHome(folder=folder)
    home.prepare()
    with EmbeddedStack(home=home.folder) as stack:
        record = _Run(home, stack, show).run()
    result = DemoResult(record=record, checks=check_all(record), page=home.page)
    write_page(home.page, result.record, result.checks)
    if not keep:
        home.keep_page_only()
    return result


class _Run:
    """One run on a started stack."""

    def __init__(self, home: DemoHome, stack: EmbeddedStack, show: Callable[[DemoProgress], None]) -> None:
        self._home = home
        self._stack = stack
        self._show = show
        self._started = time.monotonic()
        resources, clients = stack.resources, stack.clients
        self._bucket = resources.source_bucket
        self._storage = StorageHandler(clients.s3, results_bucket=resources.results_bucket)
        self._table = FileTable(clients.dynamodb, table=resources.table, owner="demo", pipeline_version="")
        self._queue = QueueManager(clients.sqs, queue_url=resources.queue_url, dlq_url=resources.dlq_url)
        self._dead_letters = QueueManager(clients.sqs, queue_url=resources.dlq_url, dlq_url=resources.dlq_url)
        # As many pages at a time as the smallest machine of the fleet: on a large one the scan would be
        # finished before a notice could hit it.
        self._slots = min(2, len(os.sched_getaffinity(0)))
        # It is never stopped, and used to wait only.
        self._clock = Shutdown(timeout_s=_STANDSTILL_S)
        self._samples: Sequence[Sample] = ()
        self._uploaded: dict[str, float] = {}
        self._notice: tuple[float, float] | None = None
        self._ended_s: float | None = None

    def run(self) -> RunRecord:
        """Run the demo; the record of it."""
        self._samples = sorted(write_samples(self._home.samples), key=lambda sample: -sample.pages)
        names = {self._id(sample): sample.path.name for sample in self._samples}
        self._scan_id = self._id(self._samples[0])
        self._observer = LogObserver(clock=self._now, names=names, scan_id=self._scan_id)
        self._observer.add_event(f"{len(names)} samples are generated.")
        worker = self._start_worker(1)
        worker.wait_until_ready(_READY_S)
        self._upload()
        number, worker = self._work(worker)
        self._observer.add_event("The worker is asked to stop; it ends what it has begun.")
        self._report(number)
        self._end_worker(number, worker)
        self._observer.add_event("The worker has ended; ledger, logs and index are compared.")
        self._report(0)
        return self._gather()

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _id(self, sample: Sample) -> str:
        return file_id(self._bucket, sample.path.name)

    def _start_worker(self, number: int) -> WorkerProcess:
        self._observer.record_start(number)
        changes = {
            "CIS_POLL_WAIT_S": str(_POLL_S),
            # Less than _STOP_S: a worker that waits for a lost answer at its end must still exit in time.
            "CIS_STOP_BUDGET_S": str(_STOP_BUDGET_S),
            "CIS_SLOTS": str(self._slots),
            # Ctrl-C kills the workers; the next run removes the files that they leave.
            "CIS_WORK_DIR": str(self._home.make_work_folder()),
        }
        return self._stack.start_worker(
            f"worker-{number}", changes=changes, on_line=partial(self._observer.on_line, number)
        )

    def _end_worker(self, number: int, worker: WorkerProcess) -> None:
        """Stop a worker where it still runs, and write its log to a file."""
        self._observer.record_exit(number, worker.stop(_STOP_S))
        lines = (json.dumps(line, ensure_ascii=False) for line in worker.lines())
        (self._home.folder / f"worker-{number}.log.jsonl").write_text(
            "".join(f"{line}\n" for line in lines), encoding="utf-8"
        )

    def _upload(self) -> None:
        """Upload the samples, the scan first, so that it is started early."""
        for sample in self._samples:
            self._uploaded[self._id(sample)] = self._now()
            self._storage.upload(
                self._bucket,
                sample.path.name,
                sample.path,
                metadata={"original-path": f"{_ORIGINAL_FOLDER}/{sample.path.name}"},
            )
        self._observer.add_event(
            f"{len(self._samples)} files are uploaded; S3 sends the events to the queue."
        )

    def _work(self, worker: WorkerProcess) -> tuple[int, WorkerProcess]:
        """Interrupt and replace the worker, until every file is finished; the last worker and its number."""
        number = 1
        while not self._is_settled():
            if self._now() - self._observer.progress_s > _STANDSTILL_S:
                text = f"Nothing has happened for {_STANDSTILL_S:.0f} s: the demo ends here."
                self._observer.add_event(text, Severity.WARNING)
                break
            self._report(number if worker.is_running else 0)
            self._interrupt_once()
            if not worker.is_running:
                self._end_worker(number, worker)
                if number > 1:
                    break
                number += 1
                self._replace_notice()
                worker = self._start_worker(number)
            self._clock.wait(_POLL_INTERVAL_S)
        return number, worker

    def _is_settled(self) -> bool:
        """Whether every file is finished and every message gone."""
        # The logs first, so that the whole ledger is not read five times a second.
        if len(self._observer.done) < len(self._samples):
            return False
        if not all(row.is_finished for row in self._table.rows()):
            return False
        # A duplicate may be parked for a while.
        self._ended_s = self._ended_s or self._now()
        return self._queue.depth().total == 0 or self._now() - self._ended_s > _SETTLE_S

    def _interrupt_once(self) -> None:
        if self._notice is not None or self._scan_id in self._observer.done:
            return
        in_s = notice_in_s(self._observer.scan_times_s(), pages=self._samples[0].pages, slots=self._slots)
        if in_s is None:
            return
        self._notice = (self._now(), in_s)
        self._stack.metadata.control({"instance_action": {"action": "terminate", "in_s": in_s}})
        self._observer.add_event(
            f"Spot notice: this machine is terminated in {in_s:.0f} s.", Severity.WARNING
        )

    def _replace_notice(self) -> None:
        # The replacement is another machine, whose metadata service has no notice.
        self._stack.metadata.control({"clear": True})
        self._observer.add_event("A replacement starts.")

    def _report(self, worker: int) -> None:
        done, reads = self._observer.done, self._observer.reads
        pages = sum(sample.pages for sample in self._samples if self._id(sample) in done)
        pages += sum(read.file_id not in done for read in reads)
        depth = self._queue.depth()
        busy_s = self._now() - min(self._uploaded.values())
        self._show(
            DemoProgress(
                at_s=self._now(),
                documents=len(self._samples),
                documents_done=len(done),
                pages=sum(sample.pages for sample in self._samples),
                pages_done=pages,
                pages_per_s=pages / busy_s if busy_s > 0 else 0.0,
                waiting=depth.visible + depth.delayed,
                in_flight=depth.in_flight,
                failures=self._observer.failures,
                worker=worker,
                events=self._observer.events,
            )
        )

    def _gather(self) -> RunRecord:
        took_s = self._now()
        rows = tuple(self._table.rows())
        with closing(SqliteIndex(Home(folder=self._home.folder).index_path)) as index:
            documents = tuple(self._document(sample, rows, index) for sample in self._samples)
            searches = tuple(
                run_search(search, index, documents) for search in planned_searches(self._samples[0])
            )
        notice_s, notice_ahead_s = self._notice or (None, None)
        return RunRecord(
            documents=documents,
            rows=rows,
            reads=self._observer.reads,
            workers=self._observer.workers,
            searches=searches,
            waiting=self._queue.depth().total,
            dead_letters=self._dead_letters.depth().total,
            scan_id=self._scan_id,
            notice_s=notice_s,
            notice_in_s=notice_ahead_s,
            took_s=took_s,
            events=self._observer.events,
        )

    def _document(self, sample: Sample, rows: Sequence[FileRow], index: SqliteIndex) -> DemoDocument:
        identity = self._id(sample)
        row = next((row for row in rows if row.file_id == identity), None)
        done_s = self._observer.done.get(identity)
        pages = self._stored_pages(row)
        document = DemoDocument(
            sample=sample,
            file_id=identity,
            row=row,
            document=index.document(identity),
            took_s=None if done_s is None else done_s - self._uploaded[identity],
            thumbnail=self._storage.get(row.thumbnail_key) if row and row.thumbnail_key else None,
            stored_pages=pages,
            picture=page_picture(sample.path, sample.file_type, pages[0]) if pages else None,
        )
        return replace(document, similarities=page_similarities(document))

    def _stored_pages(self, row: FileRow | None) -> tuple[Page, ...]:
        data = self._storage.get(row.artifact_key) if row and row.artifact_key else None
        return unpack_extraction(data)[0].pages if data else ()
