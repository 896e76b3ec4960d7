"""What is reported of a document that is done."""

from __future__ import annotations

import json
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.unit.index_lock import index_locked
from tests.unit.runtime.test_metrics import parse_figures
from worker.document.document_report import report_document
from worker.models.document import Document
from worker.models.file import EventType, FileMessage, FileType
from worker.models.ledger import State
from worker.runtime import tally

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def document(state: State = State.INDEXED) -> Document:
    return Document(
        file_id="f",
        bucket="source",
        key="a",
        file_name="a",
        file_path="a",
        size_bytes=77,
        file_type=FileType.TEXT,
        state=state,
    )


def uploaded(ago_s: float) -> FileMessage:
    when = datetime.fromtimestamp(time.time() - ago_s, UTC).isoformat()
    return FileMessage(event_type=EventType.FILE_UPLOADED, bucket="source", key="a", uploaded_at=when)


def test_the_line_says_what_the_attempt_took(world: World) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    with tally.open_tally(), capture_logs() as lines:
        tally.add_seconds("download", 0.25)
        tally.count_call("s3", "GetObject")
        tally.add_stored("artifact", 50)
        world.metrics.count_ocr(wall_s=3.0, cpu_s=2.5)
        world.metrics.count_embedding("m", tokens=9, pictures=1)
        tally.count("pages_ocred", 3)
        tally.count("pages_taken_over", 2)
        tally.count("pages_copied", 4)
        report_document(world.metrics, document(), uploaded(90), lease)
    (line,) = lines
    wanted = {
        "event": "document_done",
        "state": "indexed",
        "bytes": 77,
        "pages": 0,
        "pages_ocred": 3,
        "pages_taken_over": 2,
        "pages_copied": 4,
        "receives": 1,
        "interruptions": 0,
        "seconds": {"download": 0.25, "ocr": 3.0},
        "calls": {"s3": 1},
        "operations": {"s3": {"GetObject": 1}},
        "bedrock_tokens": 9,
        "bedrock_pictures": 1,
        "ocr_cpu_s": 2.5,
        "stored_bytes": {"artifact": 50},
    }
    assert {name: line[name] for name in wanted} == wanted
    figures = parse_figures(world.metrics)
    assert figures["cis_documents_total", (("reason", ""), ("state", "indexed"))] == 1
    assert figures["cis_event_to_indexed_seconds_count", ()] == 1
    assert figures["cis_document_calls_total", (("service", "s3"),)] == 1


@pytest.mark.parametrize("is_pending", [False, True])
def test_only_what_is_in_the_index_counts_as_indexed(world: World, is_pending: bool) -> None:
    world.announce("a")
    lease = world.heartbeat.hold(world.receive())
    with tally.open_tally():
        if is_pending:
            world.metrics.count_pending("index")
        report_document(world.metrics, document(State.PARTIAL), uploaded(90), lease)
        report_document(world.metrics, document(State.TOMBSTONED), uploaded(90), lease)
    assert parse_figures(world.metrics)["cis_event_to_indexed_seconds_count", ()] == (not is_pending)


def test_a_document_of_the_worker_reports_its_stages_and_calls(live: World) -> None:
    live.put("a.txt", "本文".encode())
    live.announce("a.txt")
    with capture_logs() as lines:
        live.work()
    (line,) = [line for line in lines if line["event"] == "document_done"]
    assert {"claim", "download", "extract", "store", "embed", "confirm", "index", "commit"} <= set(
        line["seconds"]
    )
    assert line["bytes"] == 6
    # No hooks of botocore here, so the objects are not in it.
    assert min(line["stored_bytes"]["index"], line["stored_bytes"]["ledger"]) > 0
    row = live.row("a.txt")
    assert row.correlation
    assert row.event_ms > 0


def test_a_document_that_is_indexed_later_keeps_its_id_and_its_time(live: World) -> None:
    live.put("a.txt", "本文".encode())
    body = json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": "source", "s3Key": "a.txt"})
    live.clients.sqs.send_message(
        QueueUrl=live.queue_url,
        MessageBody=body,
        MessageAttributes={"X-Request-ID": {"DataType": "String", "StringValue": "req-1"}},
    )
    with index_locked(live):
        live.work()
    assert parse_figures(live.metrics)["cis_event_to_indexed_seconds_count", ()] == 0
    ids: list[object] = []

    def note(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        ids.append((event["event"], structlog.contextvars.get_contextvars().get("correlation")))
        raise structlog.DropEvent

    with capture_logs() as _:
        structlog.configure(processors=[note])
        live.replayer.step()
    assert ids == [("pending_filled", "req-1")]
    assert parse_figures(live.metrics)["cis_event_to_indexed_seconds_count", ()] == 1
