"""The status of the embedded stack with some rows in its ledger and messages in its queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from worker.aws.file_table import Commit, FileTable
from worker.config import load_settings
from worker.embedded.stack import EmbeddedStack
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Claim, State
from worker.operation.status import read_status

pytestmark = pytest.mark.integration


@pytest.fixture
def own_stack() -> Iterator[EmbeddedStack]:
    with EmbeddedStack(notifications=False) as running:
        yield running


def _claim(table: FileTable, key: str) -> Claim:
    message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="b", key=key)
    row = table.claim(message, message_id="m", version="1", seen=None, attempt=key)
    return Claim(file_id=row.file_id, fence=row.fence, attempt=key, message_id="m")


def test_queues_and_ledger_are_counted(own_stack: EmbeddedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in own_stack.environment().items():
        monkeypatch.setenv(name, value)
    clients, resources = own_stack.clients, own_stack.resources
    for url, count in ((resources.queue_url, 3), (resources.dlq_url, 1)):
        for _ in range(count):
            clients.sqs.send_message(QueueUrl=url, MessageBody="{}")
    clients.sqs.receive_message(QueueUrl=resources.queue_url, MaxNumberOfMessages=1)
    table = FileTable(clients.dynamodb, table=resources.table, owner="w", pipeline_version="1")
    _claim(table, "unfinished.pdf")
    table.commit(
        _claim(table, "done.pdf"), Commit(state=State.PARTIAL, reason="pages_failed", vectors_pending=True)
    )

    found = read_status(load_settings(), clients, ledger=True)

    assert (found.queue.visible, found.queue.in_flight) == (2, 1)
    assert found.dead_letters.visible == 1
    assert found.ledger is not None
    assert found.ledger.states[State.PROCESSING] == found.ledger.states[State.PARTIAL] == 1
    assert found.ledger.reasons == {State.PARTIAL: {"pages_failed": 1}}
    assert found.ledger.vectors_pending == 1
    assert found.ledger.oldest_unfinished is not None
    assert found.ledger.oldest_unfinished.file_path == "unfinished.pdf"
    assert read_status(load_settings(), clients, ledger=False).ledger is None
