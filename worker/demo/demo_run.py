"""The demo: the whole system on this machine, interrupted in the middle of a scan, and judged.

The embedded stack and real worker processes, driven from outside only: objects are put into S3, a
Spot notice is scripted in the metadata service, and everything else is read from logs, queue, ledger
and index.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueManager
from worker.aws.storage_handler import StorageHandler
from worker.demo.checks import Check, check_all, page_similarities
from worker.demo.folder import DemoHome
from worker.demo.log_observer import LogObserver
from worker.demo.notice import notice_in_s
from worker.demo.report import write_page
from worker.demo.run_record import DemoDocument, Event, RunRecord, Search, Severity
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import WorkerProcess
from worker.home.folder import Home
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id
from worker.runtime.shutdown import Shutdown
from worker.samples.scan_texts import page_word
from worker.samples.write import Sample, write_samples

_DEADLINE_S = 300.0
_READY_S = 60.0
_STOP_S = 60.0
_SETTLE_S = 30.0
_LOOK_S = 0.2
_STOP_BUDGET_S = 30
_POLL_S = 2
_ORIGINAL_FOLDER = "/nas/shared"
_PHRASE_PAGE = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How a run stands, for whoever shows it. `worker` is the number of the one alive, 0 for none."""

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
    """What came of a run: the facts, the judgement, and the page that shows both."""

    record: RunRecord
    checks: tuple[Check, ...]
    page: Path

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def run_demo(
    folder: Path, *, keep: bool = True, show: Callable[[Progress], None] = lambda _: None
) -> DemoResult:
    """Run the demo in `folder`; `show` is called five times a second. Nothing it started outlives it.

    Without `keep` only the page is left in the folder. Raises MisconfiguredError when the folder is
    not the demo's or something that must be installed is missing.
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

    def __init__(self, home: DemoHome, stack: EmbeddedStack, show: Callable[[Progress], None]) -> None:
        self._home = home
        self._stack = stack
        self._show = show
        self._began = time.monotonic()
        resources, clients = stack.resources, stack.clients
        self._bucket = resources.source_bucket
        self._storage = StorageHandler(clients.s3, results_bucket=resources.results_bucket)
        self._table = FileTable(clients.dynamodb, table=resources.table, owner="demo", pipeline_version="")
        self._queue = QueueManager(clients.sqs, queue_url=resources.queue_url, dlq_url=resources.dlq_url)
        self._dead_letters = QueueManager(clients.sqs, queue_url=resources.dlq_url, dlq_url=resources.dlq_url)
        # As many pages at a time as the smallest machine of the fleet: on a large one the scan would be
        # finished before a notice could hit it.
        self._slots = min(2, len(os.sched_getaffinity(0)))
        # Nobody stops it: it is the way to wait.
        self._clock = Shutdown(timeout_s=_DEADLINE_S)
        self._samples: Sequence[Sample] = ()
        self._uploaded: dict[str, float] = {}
        self._notice: tuple[float, float] | None = None
        self._ended_s: float | None = None

    def run(self) -> RunRecord:
        """From the samples to the record."""
        self._samples = sorted(write_samples(self._home.samples), key=lambda sample: -sample.pages)
        names = {self._id(sample): sample.path.name for sample in self._samples}
        self._scan_id = self._id(self._samples[0])
        self._spectator = LogObserver(clock=self._now, names=names, scan_id=self._scan_id)
        self._spectator.tell(f"{len(names)} samples are generated.")
        worker = self._start_worker(1)
        worker.wait_until_ready(_READY_S)
        self._upload()
        number, worker = self._work(worker)
        self._end_worker(number, worker)
        self._report(0)
        return self._gather()

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _id(self, sample: Sample) -> str:
        return file_id(self._bucket, sample.path.name)

    def _start_worker(self, number: int) -> WorkerProcess:
        self._spectator.worker_started(number)
        changes = {
            "CIS_POLL_WAIT_S": str(_POLL_S),
            # A worker that waits for a lost answer at its end must be gone before the demo's patience is.
            "CIS_STOP_BUDGET_S": str(_STOP_BUDGET_S),
            "CIS_SLOTS": str(self._slots),
            # Ctrl-C kills the workers; what they leave then is removed by the next run.
            "CIS_WORK_DIR": str(self._home.make_work_folder()),
        }
        return self._stack.start_worker(
            f"worker-{number}", changes=changes, on_line=partial(self._spectator.hear, number)
        )

    def _end_worker(self, number: int, worker: WorkerProcess) -> None:
        """Wait for a worker's end, gently brought about where it still runs, and keep its log."""
        self._spectator.worker_ended(number, worker.stop(_STOP_S))
        lines = (json.dumps(line, ensure_ascii=False) for line in worker.lines())
        (self._home.folder / f"worker-{number}.log.jsonl").write_text(
            "".join(f"{line}\n" for line in lines), encoding="utf-8"
        )

    def _upload(self) -> None:
        """Upload the samples, the scan first, so that it is in work early."""
        for sample in self._samples:
            self._uploaded[self._id(sample)] = self._now()
            self._storage.upload(
                self._bucket,
                sample.path.name,
                sample.path,
                metadata={"original-path": f"{_ORIGINAL_FOLDER}/{sample.path.name}"},
            )
        self._spectator.tell(f"{len(self._samples)} files are uploaded; S3 tells the queue.")

    def _work(self, worker: WorkerProcess) -> tuple[int, WorkerProcess]:
        """Watch, interrupt, replace, until every file is at its end; the last worker and its number."""
        number = 1
        while self._now() < _DEADLINE_S and not self._all_settled():
            self._report(number if worker.is_running else 0)
            self._interrupt_once()
            if not worker.is_running:
                self._end_worker(number, worker)
                if number > 1:
                    break
                number += 1
                self._replace_notice()
                worker = self._start_worker(number)
            self._clock.wait(_LOOK_S)
        return number, worker

    def _all_settled(self) -> bool:
        """Whether every file is at its end, and every message gone; a duplicate may be parked a while."""
        if len(self._spectator.done) < len(self._samples):
            return False
        if not all(row.is_finished for row in self._table.rows()):
            return False
        self._ended_s = self._ended_s or self._now()
        return _messages(self._queue) == 0 or self._now() - self._ended_s > _SETTLE_S

    def _interrupt_once(self) -> None:
        if self._notice is not None or self._scan_id in self._spectator.done:
            return
        in_s = notice_in_s(self._spectator.scan_times_s(), pages=self._samples[0].pages, slots=self._slots)
        if in_s is None:
            return
        self._notice = (self._now(), in_s)
        self._stack.metadata.control({"instance_action": {"action": "terminate", "in_s": in_s}})
        self._spectator.tell(f"Spot notice: this machine goes away in {in_s:.0f} s.", Severity.WARNING)

    def _replace_notice(self) -> None:
        """The replacement is another machine: its metadata service knows of no notice."""
        self._stack.metadata.control({"clear": True})
        self._spectator.tell("A replacement starts.")

    def _report(self, worker: int) -> None:
        done, reads = self._spectator.done, self._spectator.reads
        pages = sum(sample.pages for sample in self._samples if self._id(sample) in done)
        pages += sum(read.file_id not in done for read in reads)
        depth = self._queue.depth()
        busy_s = self._now() - min(self._uploaded.values())
        self._show(
            Progress(
                at_s=self._now(),
                documents=len(self._samples),
                documents_done=len(done),
                pages=sum(sample.pages for sample in self._samples),
                pages_done=pages,
                pages_per_s=pages / busy_s if busy_s > 0 else 0.0,
                waiting=depth.visible + depth.delayed,
                in_flight=depth.in_flight,
                failures=self._spectator.failures,
                worker=worker,
                events=self._spectator.events,
            )
        )

    def _gather(self) -> RunRecord:
        took_s = self._now()
        rows = tuple(self._table.rows())
        index = SqliteIndex(Home(folder=self._home.folder).index_path)
        try:
            documents = tuple(self._document(sample, rows, index) for sample in self._samples)
            searches = tuple(_searched(search, index) for search in _searches(self._samples[0]))
        finally:
            index.close()
        notice_s, notice_ahead_s = self._notice or (None, None)
        return RunRecord(
            documents=documents,
            rows=rows,
            reads=self._spectator.reads,
            workers=self._spectator.workers,
            searches=searches,
            waiting=_messages(self._queue),
            dead_letters=_messages(self._dead_letters),
            scan_id=self._scan_id,
            notice_s=notice_s,
            notice_in_s=notice_ahead_s,
            took_s=took_s,
            events=self._spectator.events,
        )

    def _document(self, sample: Sample, rows: Sequence[FileRow], index: SqliteIndex) -> DemoDocument:
        identity = self._id(sample)
        row = next((row for row in rows if row.file_id == identity), None)
        done_s = self._spectator.done.get(identity)
        document = DemoDocument(
            sample=sample,
            file_id=identity,
            row=row,
            document=index.document(identity),
            took_s=None if done_s is None else done_s - self._uploaded[identity],
            thumbnail=self._storage.get(row.thumbnail_key) if row and row.thumbnail_key else None,
        )
        return replace(document, similarities=page_similarities(document))


def _messages(queue: QueueManager) -> int:
    depth = queue.depth()
    return depth.visible + depth.in_flight + depth.delayed


def _searches(scan: Sample) -> tuple[Search, ...]:
    return (
        Search(query="営業", expected_file="営業報告書.pdf"),
        Search(query="ceramic tiles", expected_file="correspondence_fax.tiff", expected_page=1),
        Search(
            query=f'"{page_word(_PHRASE_PAGE)}"', expected_file=scan.path.name, expected_page=_PHRASE_PAGE
        ),
    )


def _searched(search: Search, index: SqliteIndex) -> Search:
    result = index.search(search.query, limit=5)
    return replace(search, hits=result.hits, total=result.total)
