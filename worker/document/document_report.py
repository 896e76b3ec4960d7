"""What is reported of a document when its row is committed: the line `document_done`, and its metrics."""

from __future__ import annotations

import structlog

from worker.delivery.heartbeat import Lease
from worker.models.document import Document
from worker.models.file import FileMessage
from worker.models.ledger import State
from worker.runtime.metrics import Metrics
from worker.runtime.tally import Tally, current

_log = structlog.get_logger(__name__)


def report_document(metrics: Metrics, document: Document, file: FileMessage, lease: Lease) -> None:
    """Report one committed document, and what this attempt took: earlier ones have reported their own end."""
    tally, message = current(), lease.message
    counts = tally.counts
    metrics.documents_total.labels(state=document.state.value, reason=document.reason or "").inc()
    if document.state is not State.TOMBSTONED and not counts["index_pending"]:
        metrics.observe_indexed(event_ms=file.event_ms(first_seen_ms=message.first_seen_ms))
    metrics.count_document_calls(tally.calls.copy())
    _log.info(
        "document_done",
        state=document.state.value,
        reason=document.reason,
        file_type=document.file_type.value,
        bytes=document.size_bytes,
        pages=len(document.pages),
        pages_ocred=counts["pages_ocred"],
        pages_taken_over=counts["pages_taken_over"],
        pages_copied=counts["pages_copied"],
        receives=message.receives,
        interruptions=message.interruptions,
        seconds=tally.rounded_seconds(),
        **cost_fields(tally),
    )


def cost_fields(tally: Tally) -> dict[str, object]:
    """What a document costs, as fields of a line of the log."""
    return {
        "calls": dict(tally.calls.copy()),
        "operations": tally.operations_by_service(),
        "bedrock_tokens": tally.counts["bedrock_tokens"],
        "bedrock_pictures": tally.counts["bedrock_pictures"],
        "ocr_cpu_s": tally.ocr_cpu_s,
        "stored_bytes": dict(tally.stored_bytes.copy()),
    }
