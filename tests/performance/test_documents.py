"""What documents cost a worker and its readers: processes, programs, pages read twice, memory that stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from bench.profiling.profile_records import read_records
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.samples.scans import write_scan

pytestmark = pytest.mark.performance

WARM, DOCUMENTS = 15, 100
# "Far less than 100 MB", and what grows at all are buffers and pools until they are large enough.
MOST_GROWTH_BYTES = 15_000_000
PAGES = 3
HAPPENS_S = 800.0


@dataclass
class Measured:
    """A worker whose readers leave a record each, and what it logged."""

    stack: EmbeddedStack
    process: WorkerProcess
    folder: Path
    done: list[LogLine]
    put: list[str] = field(default_factory=list)
    tick: threading.Event = field(default_factory=threading.Event)

    def process_files(self, files: Mapping[str, bytes]) -> None:
        for key, data in files.items():
            self.stack.clients.s3.put_object(Bucket=self.stack.resources.source_bucket, Key=key, Body=data)
            self.put.append(key)
        self._until(lambda: len(self.done) == len(self.put))

    def resident_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + HAPPENS_S
        while not done():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.tick.wait(0.05)


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Measured]:
    done: list[LogLine] = []
    folder = tmp_path / "profile"
    with EmbeddedStack(tmp_path / "home") as stack:
        process = stack.start_worker(
            changes={"CIS_PROFILE": f"counts:{folder}", "CIS_PAGE_TIMEOUT_S": "900"},
            on_line=lambda line: done.append(line) if line["event"] == "document_done" else None,
        )
        process.wait_until_ready(180.0)
        yield Measured(stack=stack, process=process, folder=folder, done=done)


def _texts(numbers: range) -> dict[str, bytes]:
    return {f"{n}.txt": (f"{n} ".encode() + "営業報告の本文です。".encode() * 60) for n in numbers}


def test_a_hundred_documents_leave_next_to_nothing_in_memory_and_take_a_process_each(
    measured: Measured,
) -> None:
    measured.process_files(_texts(range(WARM)))
    before = measured.resident_bytes()
    measured.process_files(_texts(range(WARM, WARM + DOCUMENTS)))
    assert measured.resident_bytes() - before < MOST_GROWTH_BYTES
    readers = read_records(measured.folder)["reader"]
    assert readers.processes == WARM + DOCUMENTS
    assert readers.programs == {}, "a text file needs no program"


def test_no_page_is_ocred_twice_and_no_program_started_for_nothing(
    measured: Measured, tmp_path: Path
) -> None:
    write_scan(tmp_path / "scan.pdf", PAGES, dpi=72, body=False)
    scan = (tmp_path / "scan.pdf").read_bytes()
    measured.process_files({"scan.pdf": scan})
    measured.process_files({"copy.pdf": scan})
    first, copy = measured.done
    assert (first["pages"], first["pages_ocred"]) == (PAGES, PAGES)
    assert (copy["pages"], copy["pages_ocred"]) == (PAGES, 0)
    # The copy is detected by a reader that ends when its content is known.
    readers = read_records(measured.folder)["reader"]
    assert readers.processes <= 2
    programs = dict(readers.programs)
    # pdf2image asks for the version, and for the number of pages, before it draws one.
    assert programs.pop("pdftoppm", 0) <= 2 * PAGES
    assert programs.pop("pdfinfo", 0) <= PAGES
    assert programs.pop("tesseract", 0) <= PAGES
    assert programs == {}
