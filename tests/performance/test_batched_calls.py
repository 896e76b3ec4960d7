"""What a document costs in calls of SQS and OpenSearch while a backlog is worked off, and alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.stand_ins.bulk_server import BulkServer
from worker.embedded.stack import EmbeddedStack
from worker.embedded.worker_process import LogLine, WorkerProcess
from worker.index.opensearch.bulk.bulk_writer import QUIET_S

pytestmark = [pytest.mark.performance, pytest.mark.slow]

_DOCUMENTS = 100
_DEADLINE_S = 600.0
# Polls that found the queue empty, before and after.
_EMPTY_POLLS = 3


class _Done:
    """Counts the documents that the worker says are done."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def on_line(self, line: LogLine) -> None:
        if line["event"] == "document_done":
            with self._changed:
                self._count += 1
                self._changed.notify_all()

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._count >= count, _DEADLINE_S), self._count


@contextmanager
def _worker(stack: EmbeddedStack, bulk: BulkServer, done: _Done) -> Iterator[WorkerProcess]:
    changes = {"CIS_INDEX": "opensearch", "OPENSEARCH_ENDPOINT": bulk.url}
    with closing(stack.start_worker(changes=changes, on_line=done.on_line)) as process:
        yield process


def _put(stack: EmbeddedStack, number: int) -> None:
    text = f"{number} 営業報告".encode() + "本文です。".encode() * 130
    stack.clients.s3.put_object(Bucket=stack.resources.source_bucket, Key=f"{number}.txt", Body=text)


def _sqs_calls(port: object) -> Counter[str]:
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    return Counter(
        {
            sample.labels["operation"]: int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "cis_aws_calls_total" and sample.labels["service"] == "sqs"
        }
    )


def _wait_until_empty(stack: EmbeddedStack) -> None:
    tick = threading.Event()
    for _ in range(int(_DEADLINE_S / 0.1)):
        depth = stack.clients.sqs.get_queue_attributes(
            QueueUrl=stack.resources.queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        if not any(int(count) for count in depth.values()):
            return
        tick.wait(0.1)
    raise AssertionError(f"not deleted: {depth}")


def test_a_document_takes_few_calls_alone_and_fewer_in_a_backlog(tmp_path: Path) -> None:
    done = _Done()
    with BulkServer() as bulk, EmbeddedStack(tmp_path) as stack, _worker(stack, bulk, done) as process:
        port = process.wait_until_ready()["http_port"]
        # A bucket's first message is a test event.
        _wait_until_empty(stack)
        before = _sqs_calls(port)
        _put(stack, 0)
        done.wait(1)
        _wait_until_empty(stack)
        alone = _sqs_calls(port) - before
        assert (bulk.sizes, alone["DeleteMessageBatch"]) == ([1], 1)

        _put_backlog(stack, process)
        began = time.monotonic()
        done.wait(1 + _DOCUMENTS)
        seconds = time.monotonic() - began
        # Right after a document: what is held is deleted before the process ends.
        sqs = _sqs_calls(port) - before - alone
        assert process.stop() == 0
        _wait_until_empty(stack)
    assert sum(sqs.values()) - _EMPTY_POLLS <= 1.3 * _DOCUMENTS, sqs
    assert (bulk.documents, bulk.others) == (1 + _DOCUMENTS, [])
    # On a machine that is too slow to bring enough documents in time, what there is goes out.
    assert len(bulk.sizes) - 1 <= 0.1 * _DOCUMENTS + seconds // QUIET_S, (bulk.sizes, seconds)


def _put_backlog(stack: EmbeddedStack, process: WorkerProcess) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    try:
        for number in range(1, 1 + _DOCUMENTS):
            _put(stack, number)
    finally:
        os.kill(process.pid, signal.SIGCONT)
