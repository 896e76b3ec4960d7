"""Counts the calls to AWS, and names the document they are made for to Bedrock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.resilience.error_classification import ErrorClass, classify_response
from worker.runtime import tally
from worker.runtime.metrics import Metrics
from worker.runtime.trace import bedrock_headers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from worker.aws.clients import Clients


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
        bedrock: Any = clients.bedrock.meta.events
        # After the signature: a proxy (a service mesh) may replace these headers, and Bedrock accepts
        # headers that are not signed.
        bedrock.register_first("before-send", _name_document, unique_id="cis-document-name")

    def _count(self, event_name: str, response: Any, attempts: int, **_: object) -> None:
        """After each request, whether it was answered or not; `attempts` is 1 for the first of a call."""
        service, operation = event_name.split(".")[1:3]
        tally.count_call(service)
        if attempts == 1:
            self.metrics.aws_calls.labels(service=service, operation=operation).inc()
        else:
            self.metrics.retries.labels(service=service).inc()
        if response is None:
            return
        http_response, parsed = response
        code = parsed.get("Error", {}).get("Code", "") if http_response.status_code >= 300 else ""
        if code and classify_response(code, http_response.status_code) is ErrorClass.THROTTLING:
            self.metrics.throttles.labels(service=service).inc()


def _name_document(request: AWSPreparedRequest, **_: object) -> None:
    for name, value in bedrock_headers().items():
        request.headers[name] = value
