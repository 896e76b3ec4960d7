"""Workers on the embedded stack with OpenSearch, whose calls are counted message by message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from bench.cost.case_cost import CaseCost
from bench.real_services import opensearch
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess

_DEADLINE_S = 3_600.0
_POLL_S = 0.1
_PIPE_S = 1.0
_WAITING = tuple(f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed"))


@dataclass(kw_only=True, slots=True)
class CountedWorkers:
    """The stack, and all lines that its workers logged since they were last taken."""

    stack: EmbeddedStack
    settings: Mapping[str, str]
    lines: list[Mapping[str, Any]] = field(default_factory=list)
    _started: int = 0

    def start(self) -> WorkerProcess:
        """Start a worker, and wait until it is ready."""
        self._started += 1
        process = self.stack.start_worker(
            f"worker-{self._started}", changes=self.settings, on_line=self._keep
        )
        process.wait_until_ready(_DEADLINE_S)
        return process

    def put(self, key: str, data: bytes) -> None:
        """Put an object, and send its event."""
        resources = self.stack.resources
        self.stack.clients.s3.put_object(Bucket=resources.source_bucket, Key=key, Body=data)
        self.send("FILE_UPLOADED", key)

    def send(self, event_type: str, key: str, **more: str) -> None:
        """Send an event."""
        resources = self.stack.resources
        body = {"eventType": event_type, "s3Bucket": resources.source_bucket, "s3Key": key, **more}
        self.stack.clients.sqs.send_message(QueueUrl=resources.queue_url, MessageBody=json.dumps(body))

    def wait_until_settled(self) -> None:
        """Wait until no message is left in the queue, visible or not."""
        self.wait_for(lambda: not queue_length(self.stack.clients.sqs, self.stack.resources.queue_url))

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait for something that a worker does."""
        deadline, tick = time.monotonic() + _DEADLINE_S, Event()
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {_DEADLINE_S:.0f} s")
            tick.wait(_POLL_S)

    def pages_ocred(self) -> list[int]:
        """The numbers of the pages that were OCRed, as often as they were."""
        return [int(line["page"]) for line in list(self.lines) if line["event"] == "page_ocred"]

    def take(self) -> CaseCost:
        """What the lines since the last time say that documents cost."""
        lines, self.lines = self.lines, []
        cost = CaseCost()
        cost.add_lines(lines)
        return cost

    def case(self, port: int, act: Callable[[], object]) -> CaseCost:
        """The costs of what `act` sends to one idle worker, with the calls for its message."""
        self.lines = []
        before = sqs_calls(read_samples(port))
        act()
        self.wait_until_settled()
        # The line comes before the delete, but through a pipe.
        Event().wait(_PIPE_S)
        after = sqs_calls(read_samples(port))
        cost = self.take()
        cost.calls["sqs", "all"] += int(after - before)
        return cost

    def _keep(self, line: LogLine) -> None:
        self.lines.append(line)


Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
"""The metrics of a worker by name and sorted labels."""


@contextmanager
def counting_fleet(home: Path, **settings: str) -> Iterator[CountedWorkers]:
    """A stack with OpenSearch and no worker yet."""
    with opensearch() as url, EmbeddedStack(home, notifications=False) as stack:
        yield CountedWorkers(
            stack=stack,
            settings={
                "CIS_INDEX": "opensearch",
                "OPENSEARCH_ENDPOINT": url,
                # The last figures of a worker that stops are in its log only.
                "CIS_METRICS_EMF": "detailed",
                **settings,
            },
        )


def queue_length(client: Any, url: str) -> int:
    """How many messages a queue has, in whatever state."""
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))["Attributes"]
    return sum(int(found[name]) for name in _WAITING)


def read_samples(port: int) -> Samples:
    """The metrics of a worker now."""
    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def sqs_calls(samples: Samples) -> float:
    """Calls to SQS for messages: polls that brought none, and renewals, apart."""
    calls = _of_sqs(samples, "cis_aws_calls_total")
    return calls - _of_sqs(samples, "cis_renewal_calls_total") - samples["cis_empty_polls_total", ()]


def sqs_calls_logged(lines: list[Mapping[str, Any]]) -> int:
    """The same from the metrics in the log of workers that ran from their start to their end."""
    total = 0
    for line in lines:
        if line.get("service") == "sqs":
            total += line.get("cis_aws_calls", 0) - line.get("cis_renewal_calls", 0)
        total -= line.get("cis_empty_polls", 0)
    return total


def _of_sqs(samples: Samples, metric: str) -> float:
    return sum(
        value for (name, labels), value in samples.items() if name == metric and ("service", "sqs") in labels
    )
