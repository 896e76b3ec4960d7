"""Counts the calls to AWS and what they store, and names the document they are made for to Bedrock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.resilience.error_classification import ErrorClass, classify_response
from worker.runtime import tally
from worker.runtime.metrics import Metrics
from worker.runtime.trace import bedrock_headers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from worker.aws.clients import Clients

_STORED = "cis_stored"
_WRITES = ("PutObject", "UploadPart")
# What begins the keys of the results bucket, as document/artifacts.py describes them.
_KINDS = {
    "artifacts": "artifact",
    "thumbnails": "thumbnail",
    "vectors": "vectors",
    "checkpoints": "checkpoint",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CallCounts:
    """Hooks into the requests of botocore; operations are those of its service models, a closed list."""

    metrics: Metrics

    def register(self, clients: Clients) -> None:
        """Hook into the calls of all clients."""
        for client in (clients.sqs, clients.sqs_poll, clients.s3, clients.dynamodb, clients.bedrock):
            events: Any = client.meta.events
            # Two of them may be one client.
            events.register("needs-retry", self._count, unique_id="cis-call-counts")
        storage: Any = clients.s3.meta.events
        for operation in _WRITES:
            storage.register(
                f"before-parameter-build.s3.{operation}", _note_size, unique_id=f"cis-size-{operation}"
            )
            storage.register(f"after-call.s3.{operation}", _count_stored, unique_id=f"cis-stored-{operation}")
        bedrock: Any = clients.bedrock.meta.events
        # After the signature: a proxy (a service mesh) may replace these headers, and Bedrock accepts
        # headers that are not signed.
        bedrock.register_first("before-send", _name_document, unique_id="cis-document-name")

    def _count(self, event_name: str, response: Any, attempts: int, **_: object) -> None:
        """After each request, whether it was answered or not; `attempts` is 1 for the first of a call."""
        service, operation = event_name.split(".")[1:3]
        tally.count_call(service, operation)
        if tally.is_renewing():
            self.metrics.renewal_calls.labels(service=service, operation=operation).inc()
        if attempts == 1:
            self.metrics.aws_calls.labels(service=service, operation=operation).inc()
        else:
            self.metrics.retries.labels(service=service).inc()
        if response is None:
            return
        http_response, parsed = response
        if operation == "ReceiveMessage" and http_response.status_code < 300 and not parsed.get("Messages"):
            self.metrics.empty_polls.inc()
        code = parsed.get("Error", {}).get("Code", "") if http_response.status_code >= 300 else ""
        if code and classify_response(code, http_response.status_code) is ErrorClass.THROTTLING:
            self.metrics.throttles.labels(service=service).inc()


def _note_size(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    body = params.get("Body", b"")
    # The size on the wire would count the checksums and frames of its encoding, too.
    context[_STORED] = params.get("Key", ""), len(body) if isinstance(body, bytes | bytearray) else 0


def _count_stored(http_response: Any, context: Mapping[str, Any], **_: object) -> None:
    if http_response.status_code < 300 and _STORED in context:
        key, size_bytes = context[_STORED]
        if (kind := _KINDS.get(key.partition("/")[0])) is not None:
            tally.add_stored(kind, size_bytes)


def _name_document(request: AWSPreparedRequest, **_: object) -> None:
    for name, value in bedrock_headers().items():
        request.headers[name] = value
