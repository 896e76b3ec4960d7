"""What the checkpoints of a long document cost: calls and bytes, page by page."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from random import Random
from typing import Any

from moto import mock_aws

from bench.figure import Figure
from worker.aws.clients import make_clients
from worker.aws.file_table import FileTable
from worker.aws.provisioning import provision
from worker.aws.storage_handler import StorageHandler
from worker.delivery.claims import Claimer
from worker.document.artifacts import ArtifactStore
from worker.document.packing import pack_pages
from worker.document.page_collector import PageCollector
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Job
from worker.models.page import Page, TextSource
from worker.runtime import log
from worker.runtime.metrics import Metrics
from worker.samples.texts import SALES_REPORT

_PAGES = 2_000
_WORDS = 450
_SOURCE, _RESULTS, _TABLE = "source", "results", "files"
_COUNTED = ("PutObject", "UpdateItem")
_MOST_ROW_BYTES = 4_096
_MOST_TIMES_WRITTEN = 3.3


def checkpoints(_home: Path) -> list[Figure]:
    """A 2,000-page document whose pages are checkpointed one by one, in this process, on moto."""
    log.configure("warning", stream=sys.stderr)
    sent: dict[str, list[int]] = {name: [] for name in _COUNTED}
    random, page_bytes = Random(1), 0
    with mock_aws():
        collector, clients = _collector()

        def count(params: Any, model: Any, **_: Any) -> None:
            body = params["body"]
            sent[model.name].append(len(body if isinstance(body, bytes | str) else body.read()))

        for client, name in ((clients.s3, _COUNTED[0]), (clients.dynamodb, _COUNTED[1])):
            client.meta.events.register(f"before-call.*.{name}", count)
        for number in range(1, _PAGES + 1):
            page = _page(number, random)
            page_bytes += _stored_bytes(page)
            collector.add(page)
            collector.save()
    return _figures(sent["PutObject"], sent["UpdateItem"], page_bytes)


def _figures(objects: list[int], rows: list[int], page_bytes: int) -> list[Figure]:
    what = f"{_PAGES} checkpoints of one page"
    calls, times = len(objects) + len(rows), sum(objects) / page_bytes
    return [
        Figure(
            what=f"{what}: calls of each",
            figure=f"{calls / _PAGES:.2f} ({len(objects)} objects, {len(rows)} row writes)",
            must="3.00",
            met=calls == 3 * _PAGES,
        ),
        Figure(
            what=f"{what}: largest row write, all row writes",
            figure=f"{max(rows) / 1e3:.1f} KB, {sum(rows) / 1e6:.1f} MB",
            must=f"<= {_MOST_ROW_BYTES / 1e3:.1f} KB",
            met=max(rows) <= _MOST_ROW_BYTES,
        ),
        Figure(
            what=f"{what}: bytes of all objects / of the pages alone",
            figure=f"{times:.2f} x ({sum(objects) / 1e6:.1f} MB / {page_bytes / 1e6:.1f} MB)",
            must=f"<= {_MOST_TIMES_WRITTEN} x",
            met=times <= _MOST_TIMES_WRITTEN,
        ),
    ]


def _collector() -> tuple[PageCollector, Any]:
    clients = make_clients(region="us-east-1")
    provision(clients, queue_name="q", dlq_name="dlq", buckets=[_SOURCE, _RESULTS], table=_TABLE)
    clients.s3.put_object(Bucket=_SOURCE, Key="scan.pdf", Body=b"x")
    storage = StorageHandler(clients.s3, results_bucket=_RESULTS)
    table = FileTable(clients.dynamodb, table=_TABLE, owner="bench", pipeline_version="1")
    message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket=_SOURCE, key="scan.pdf")
    job = Claimer(storage=storage, table=table).claim(message, message_id="m")
    if not isinstance(job, Job) or job.version is None:
        raise TypeError("the file was not claimed")
    collector = PageCollector(
        job=job,
        version=job.version.version,
        store=ArtifactStore(storage, extraction_key="0" * 16),
        table=table,
        metrics=Metrics(),
        interruption_expected=lambda: False,
    )
    return collector, clients


def _page(number: int, random: Random) -> Page:
    """A page as dense as those of a white paper: its text, and a box for each word."""
    text = "".join(itertools.chain.from_iterable(random.sample(SALES_REPORT, len(SALES_REPORT))))
    words = [
        [text[at % len(text) :][:2], *(random.randrange(2_400) for _ in range(4)), random.randrange(40, 100)]
        for at in range(_WORDS)
    ]
    return Page(
        number=number,
        text=f"{number} {text}",
        source=TextSource.OCR,
        words=json.dumps(words, ensure_ascii=False),
        ocr_s=2.0,
    )


def _stored_bytes(page: Page) -> int:
    """The size of a checkpoint's part that has this page alone."""
    return len(pack_pages([page]))
