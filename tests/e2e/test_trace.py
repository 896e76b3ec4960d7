"""One document on its way through two workers: interrupted, read on, retried and indexed, under one id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.e2e.conftest import Fleet
from worker.aws.file_table import FileTable
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.embedded.stack import EmbeddedStack
from worker.index.analysis_version import OWN_ANALYSIS
from worker.samples.scans import write_scan

if TYPE_CHECKING:
    from worker.embedded.worker_process import LogLine, WorkerProcess

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

REQUEST_ID = "scan-7f3a"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
KEY = "経理/決算報告書.pdf"
PAGES = 6


class Services:
    """Bedrock and OpenSearch, as far as one document needs them; the headers they were sent."""

    def __init__(self) -> None:
        self.headers: dict[str, list[dict[str, str]]] = {"bedrock": [], "opensearch": []}
        self.http = LocalHttpServer(self._answer)

    def _answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.path.startswith("/model/"):
            self.headers["bedrock"].append(headers)
            return Response(body=json.dumps({"embedding": [0.01] * 1024}).encode())
        if request.path.endswith("/_mapping"):
            mapping = {"files-v2": {"mappings": {"_meta": {"analysis": str(OWN_ANALYSIS)}}}}
            return Response(body=json.dumps(mapping).encode())
        self.headers["opensearch"].append(headers)
        lines = [json.loads(line) for line in request.body.splitlines() if line]
        written = [{"index": {**each["index"], "status": 201}} for each in lines if "index" in each]
        return Response(body=json.dumps({"errors": False, "items": written}).encode())


@pytest.fixture
def services() -> Iterator[Services]:
    services = Services()
    with services.http:
        yield services


@pytest.fixture
def quiet_fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet whose bucket sends no events, so that a test sends its own."""
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    with EmbeddedStack(tmp_path / "home", notifications=False) as stack:
        table = FileTable(
            stack.clients.dynamodb, table=stack.resources.table, owner="test", pipeline_version="0"
        )
        yield Fleet(stack=stack, table=table, work_dir=work_dir)


def announce(fleet: Fleet) -> None:
    body = {"eventType": "FILE_UPLOADED", "s3Bucket": fleet.bucket, "s3Key": KEY}
    named = {"X-Request-ID": REQUEST_ID, "traceparent": PARENT}
    fleet.stack.clients.sqs.send_message(
        QueueUrl=fleet.stack.resources.queue_url,
        MessageBody=json.dumps(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in named.items()
        },
    )


def scan(folder: Path, pages: int) -> bytes:
    path = folder / f"{pages}.pdf"
    write_scan(path, pages, dpi=110)
    return path.read_bytes()


def read_metrics(worker: WorkerProcess) -> dict[str, float]:
    port = worker.wait_until_ready()["http_port"]
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    found = re.findall(r"^(cis_[^ ]+) (.+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def events(lines: list[LogLine], *, without: tuple[str, ...] = ("page_ocred",)) -> list[object]:
    """What happened, repetitions left out: how often pages are saved depends on the machine."""
    names = [line["event"] for line in lines if line["event"] not in without]
    return [name for number, name in enumerate(names) if number == 0 or names[number - 1] != name]


def travel(
    fleet: Fleet, services: Services, until: Callable[..., None], folder: Path
) -> tuple[list[LogLine], dict[str, float]]:
    """Send the document through two workers; its log lines, and the second worker's metrics."""
    settings = {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": services.http.url,
        "CIS_EMBED_PDF_PICTURES": "true",
        "CIS_INDEX": "opensearch",
        "OPENSEARCH_ENDPOINT": services.http.url,
    }
    fleet.put(KEY, scan(folder, PAGES))
    announce(fleet)
    # So slow and short that the pages left do not fit, on a fast machine either.
    first = fleet.start("first", CIS_STOP_BUDGET_S="5", CIS_SLOTS="1", **settings)
    until(lambda: bool(fleet.events("page_ocred")))
    first.terminate()
    assert first.wait(120) == 0
    second = fleet.start("second", **settings)
    until(lambda: bool(fleet.events("checkpoint_restored")))
    # Another version while this one is read: the attempt ends, and the next reads the new one.
    fleet.put(KEY, scan(folder, 1))
    until(lambda: bool(fleet.events("document_done")))
    figures = read_metrics(second)
    assert second.stop() == 0
    way = [line for line in fleet.lines if line.get("correlation") == REQUEST_ID]
    # Kept for a person to read.
    (folder / "way.jsonl").write_text("".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in way))
    (folder / "metrics.txt").write_text("".join(f"{name} {value}\n" for name, value in figures.items()))
    return way, figures


def test_the_way_of_a_document_is_followed_by_one_id(
    quiet_fleet: Fleet, services: Services, until: Callable[..., None], tmp_path: Path
) -> None:
    way, figures = travel(quiet_fleet, services, until, tmp_path)
    by_worker = {name: [line for line in way if line["worker"] == name] for name in ("first", "second")}
    assert events(by_worker["first"]) == [
        *("document_started", "checkpoint_saved", "attempt_ended", "message_requeued")
    ]
    assert events(by_worker["second"], without=("page_ocred", "checkpoint_saved")) == [
        *("document_started", "checkpoint_restored", "attempt_ended"),
        *("document_started", "document_done"),
    ]
    codes = [line["code"] for line in way if line["event"] == "attempt_ended"]
    assert codes == ["interrupted", "changed_while_read"]
    for line in way:
        assert {"worker", "instance", "process", "version", "span_id"} <= set(line)
        assert line["trace_id"] == TRACE_ID
    # The first worker's delivery, the second's of the copy, and its redelivery.
    assert len({line["span_id"] for line in way}) == 3
    done = way[-1]
    assert (done["interruptions"], done["receives"], done["pages_ocred"]) == (1, 2, 1)
    assert done["calls"]["bedrock-runtime"] == 1  # type: ignore[index, call-overload]
    assert figures["cis_pages_taken_over_total"] >= 1
    assert figures["cis_event_to_indexed_seconds_count"] == 1
    for headers in (*services.headers["bedrock"], *services.headers["opensearch"]):
        assert headers["traceparent"].startswith(f"00-{TRACE_ID}-")
    last = services.headers["opensearch"][-1]
    assert last["traceparent"] == f"00-{TRACE_ID}-{done['span_id']}-01"
    assert last["x-opaque-id"] == REQUEST_ID
    assert services.headers["bedrock"][-1]["x-request-id"] == REQUEST_ID
