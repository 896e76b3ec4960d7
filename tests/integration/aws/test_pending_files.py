"""PendingFiles against two servers of DynamoDB: a sparse index, queried page by page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from worker.aws.clients import Clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import PENDING, FileRow
from worker.aws.pending_files import SHARDS, PendingFiles
from worker.errors import MisconfiguredError
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Claim, State

pytestmark = pytest.mark.integration
SERVERS = ("moto", "dynamodb")

CommitFile = Callable[..., FileRow]


@pytest.fixture
def table(clients: Clients, name: str) -> FileTable:
    clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "file_id", "AttributeType": "S"},
            {"AttributeName": PENDING, "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": PENDING,
                "KeySchema": [{"AttributeName": PENDING, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    clients.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return FileTable(clients.dynamodb, table=name, owner="w", pipeline_version="1")


@pytest.fixture
def pending(clients: Clients, name: str, table: FileTable) -> PendingFiles:
    return PendingFiles(client=clients.dynamodb, name=name, table=table)


@pytest.fixture
def commit(table: FileTable) -> CommitFile:
    """Claim a file and commit it; returns its row."""

    def one(key: str, *, index_pending: bool = False) -> FileRow:
        message = FileMessage(
            event_type=EventType.FILE_UPLOADED, bucket="nas", key=key, original_path=f"/{key}"
        )
        row = table.claim(message, message_id="m", version="v", seen=None, attempt=key)
        claim = Claim(file_id=row.file_id, fence=row.fence, attempt=key, message_id="m")
        table.commit(claim, Commit(state=State.INDEXED, index_pending=index_pending))
        committed = table.read(row.file_id)
        assert committed is not None
        return committed

    return one


def found(pending: PendingFiles, *, limit: int = 100) -> list[str]:
    """Every file of every shard, and no page larger than asked for."""
    seen: list[str] = []
    for shard in SHARDS:
        after = None
        while True:
            page = pending.page(shard, limit=limit, after=after)
            assert len(page.keys) <= limit
            seen += page.keys
            after = page.after
            if after is None:
                break
    return seen


def test_only_pending_files_are_in_the_index(pending: PendingFiles, commit: CommitFile) -> None:
    commit("done")
    row = commit("left", index_pending=True)
    assert found(pending) == [row.file_id]
    assert pending.page(row.file_id[0], limit=1).keys == (row.file_id,)


def test_shards_are_read_page_by_page(pending: PendingFiles, commit: CommitFile) -> None:
    rows = [commit(str(number), index_pending=True) for number in range(40)]
    assert sorted(found(pending, limit=2)) == sorted(row.file_id for row in rows)


def test_a_filled_file_leaves_the_index_and_is_filled_once(pending: PendingFiles, commit: CommitFile) -> None:
    row = commit("left", index_pending=True)
    assert pending.fill(row)
    assert found(pending) == []
    assert pending.read(row.file_id) is None


def test_a_file_claimed_meanwhile_is_not_filled(
    pending: PendingFiles, commit: CommitFile, table: FileTable
) -> None:
    row = commit("left", index_pending=True)
    message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="nas", key="left")
    taken = table.claim(message, message_id="m2", version="v2", seen=row, attempt="other")
    assert not pending.fill(row)
    assert table.read(row.file_id) == taken


def test_a_table_without_the_index_is_a_misconfiguration(clients: Clients, name: str) -> None:
    clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
    )
    clients.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    table = FileTable(clients.dynamodb, table=name, owner="w", pipeline_version="1")
    with pytest.raises(MisconfiguredError, match="pending"):
        PendingFiles(client=clients.dynamodb, name=name, table=table).page("0", limit=1)
