"""A real worker announces its documents, and is listed until it stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from worker.aws.other_rows.worker_rows import WorkerRows

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_its_ends_are_announced_and_its_entry_has_the_identity_of_its_log(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    clients, announced = fleet.stack.clients, dict[str, Any]()
    url = clients.sqs.create_queue(QueueName="events")["QueueUrl"]
    worker = fleet.start(CIS_EVENTS_TARGET=url, CIS_GROUP="night")
    fleet.put("a.txt", b"some text")
    fleet.put("b.txt", b"")

    def has_announced_both() -> bool:
        for message in clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            announced[event["file"]["key"]] = event
        return set(announced) == {"a.txt", "b.txt"}

    until(has_announced_both)
    assert (announced["a.txt"]["type"], announced["a.txt"]["pages"]) == ("document.indexed", 1)
    assert (announced["b.txt"]["type"], announced["b.txt"]["reason"]) == ("document.no_content", "empty")
    row = fleet.row("a.txt")
    assert row is not None
    assert announced["a.txt"]["correlation"] == row.correlation

    rows = WorkerRows(client=clients.dynamodb, table=fleet.stack.resources.table)
    until(lambda: len(rows.read()) == 1)
    (entry,) = rows.read()
    identity = {
        "worker": entry.worker,
        "instance": entry.instance,
        "process": entry.process,
        "version": entry.version,
        "group": "night",
    }
    (done, *_) = fleet.events("document_done")
    assert {name: done[name] for name in identity} == identity
    assert entry.group == "night"
    assert worker.stop() == 0
    assert rows.read() == ()
