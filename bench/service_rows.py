"""The rows that need real servers: bulk indexing, a flow of small files, the index's share of a scan."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

from bench.figure import Figure
from bench.real_services import Flow, flow, opensearch
from worker.errors import UnavailableError
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager, IndexPolicy
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler
from worker.samples.scan_texts import scan_page
from worker.samples.scans import write_scan

_BULK = 100
_RUNS = 7
_SMALL_FILES = 1_000
_SMALL_BYTES = 2_048
_MOST_CPU_MS = 15
_SCANS, _SCAN_PAGES = 6, 4


def index(home: Path) -> list[Figure]:
    """100 documents of a page of Japanese, in bulk."""
    _ = home
    seconds = []
    with opensearch() as url:
        policy = IndexPolicy(
            breaker=CircuitBreaker(expected_exception=UnavailableError), retry=RetryHandler(max_retries=2)
        )
        manager = IndexManager(connect(url), policy=policy)
        manager.create_files_index()
        manager.create_images_index()
        for run in range(_RUNS):
            documents = [(_document(run * _BULK + number), 1) for number in range(_BULK)]
            began = time.monotonic()
            if any(manager.bulk(documents)):
                raise AssertionError("a document was refused")
            seconds.append(time.monotonic() - began)
        manager.close()
    # The first runs include the warm-up of the JVM.
    median_s = statistics.median(seconds[2:])
    chars = sum(len(page.text) for page in _document(0).pages)
    return [
        Figure(
            what=f"{_BULK} documents of {chars} characters in bulk on OpenSearch, median / first",
            figure=f"{median_s:.2f} s / {seconds[0]:.2f} s",
            must="< 0.5 s",
            met=median_s < 0.5,
        )
    ]


def flow_of_small_files(home: Path) -> list[Figure]:
    """1,000 text files of 2 KB through one worker, and their CPU by stage."""
    files = {f"{number}.txt": _small(number) for number in range(_SMALL_FILES)}
    found = flow(home / "stack", files, settings={})
    rate = _SMALL_FILES / found.seconds
    return [
        Figure(
            what=f"{_SMALL_FILES} text files of 2 KB: OpenSearch, ElasticMQ, dynalite, moto S3, one worker",
            figure=f"{rate:.1f} documents/s ({found.seconds:.0f} s)",
            must=">= 20 /s",
            met=rate >= 20,
        ),
        *_costs(found, _SMALL_FILES),
    ]


def index_share(home: Path) -> list[Figure]:
    """How much of a batch of scans is spent writing the index."""
    pdf = home / "scan.pdf"
    write_scan(pdf, _SCAN_PAGES)
    files = {f"{number}.pdf": pdf.read_bytes() + f"\n% {number}\n".encode() for number in range(_SCANS)}
    found = flow(home / "stack", files, settings={})
    share = found.stage_s["index"] / found.seconds
    return [
        Figure(
            what=f"index writing in a batch of {_SCANS} scans of {_SCAN_PAGES} pages",
            figure=f"{100 * share:.1f} % of {found.seconds:.0f} s",
            must="< 3 %",
            met=share < 0.03,
        )
    ]


def _costs(found: Flow, documents: int) -> list[Figure]:
    """The worker's own CPU a document: in all, in its stages, beside them, and in the processes that read."""
    by_stage = dict(found.stage_cpu_s)
    by_stage["rest (receiving, heartbeat, log, sandbox)"] = found.worker_cpu_s - sum(by_stage.values())
    by_stage["reading (child processes)"] = found.readers_cpu_s
    by_stage["forking (fork server)"] = found.fork_server_cpu_s
    all_ms = 1_000 * sum(by_stage.values()) / documents
    return [
        Figure(
            what="- CPU a document: worker, fork server and readers, without the servers",
            figure=f"{all_ms:.1f} ms",
            must=f"<= {_MOST_CPU_MS} ms",
            met=all_ms <= _MOST_CPU_MS,
        ),
        *(
            Figure(
                what=f"- CPU a document: {stage}",
                figure=f"{1_000 * seconds / documents:.1f} ms",
                must="printed",
                met=None,
            )
            for stage, seconds in sorted(by_stage.items(), key=lambda item: -item[1])
        ),
    ]


def _document(number: int) -> Document:
    text = scan_page(number % 12 + 1, seed=1, language="jpn").text
    page = Page(number=1, text=f"{number} {text}", source=TextSource.OCR, language="jpn", confidence=90.0)
    return Document(
        file_id=f"{number:064x}",
        bucket="bench",
        key=f"{number}.pdf",
        file_name=f"報告書{number}.pdf",
        file_path=f"/営業/報告書{number}.pdf",
        size_bytes=1,
        file_type=FileType.PDF,
        state=State.INDEXED,
        pages=(page,),
    )


def _small(number: int) -> bytes:
    chance = random.Random(number)
    words = (
        "営業報告",
        "売上",
        "前年",
        "関東地区",
        "技術仕様",
        "確認",
        "です。",
        "について、",
        "report ",
        "2025 ",
    )
    text = f"第{number}号\n" + "".join(chance.choice(words) for _ in range(400))
    return text.encode()[:_SMALL_BYTES]
