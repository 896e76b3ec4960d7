"""WorkerRows: written, listed without a scan, removed; no sweep over files meets them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.world import TABLE, World
from worker.aws.other_rows.worker_rows import LIST_KEY, WorkerRow, WorkerRows
from worker.aws.scans.row_scan import RowScan
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit

ROW = WorkerRow(
    worker="w-1",
    instance="i-1",
    process=7,
    version="1.2.3",
    group="night",
    lifecycle="working",
    instance_lifecycle="spot",
    documents=3,
    pages=250,
    pages_per_minute=41.5,
    documents_last_hour=9,
    pages_last_hour=90,
    pages_squared_last_hour=1_000,
    busy_s_last_hour=3_000,
    started_at=1_700_000_000,
    beat_at=1_700_000_100,
)


@pytest.fixture
def rows(world: World) -> WorkerRows:
    return WorkerRows(client=world.clients.dynamodb, table=TABLE)


def _item(world: World, key: str) -> dict[str, Any]:
    answer = world.clients.dynamodb.get_item(TableName=TABLE, Key={"file_id": {"S": key}})
    return dict(answer.get("Item", {}))


def test_a_worker_is_read_as_it_was_written(rows: WorkerRows) -> None:
    idle = WorkerRow(worker="w-0", beat_at=5)
    for row in (ROW, idle):
        rows.write(row, expires_at=1_700_086_500)
    assert rows.read() == (idle, ROW)


def test_a_beat_replaces_all_of_the_row(world: World, rows: WorkerRows) -> None:
    rows.write(ROW, expires_at=1)
    rows.write(replace(ROW, documents=0, group="", pages_per_minute=0.0), expires_at=2)
    assert rows.read() == (replace(ROW, documents=0, group="", pages_per_minute=0.0),)
    assert _item(world, "worker#w-1")["expires_at"] == {"N": "2"}


def test_a_worker_that_is_removed_is_gone_and_may_be_removed_again(rows: WorkerRows) -> None:
    rows.write(ROW, expires_at=1)
    for _ in range(2):
        rows.remove("w-1")
    assert rows.read() == ()


def test_the_list_is_no_scan(world: World, rows: WorkerRows) -> None:
    """A scan of a ledger of ten million files takes minutes."""
    world.claim(world.put("a.txt"))
    for number in range(3):
        rows.write(replace(ROW, worker=f"w-{number}"), expires_at=1)
    called: list[str] = []
    events = world.clients.dynamodb.meta.events
    events.register("before-call.dynamodb", lambda model, **_: called.append(model.name))
    assert [row.worker for row in rows.read()] == ["w-0", "w-1", "w-2"]
    assert called == ["GetItem", "BatchGetItem"]


def test_a_beat_is_one_write(world: World, rows: WorkerRows) -> None:
    rows.write(ROW, expires_at=1)
    called: list[str] = []
    events = world.clients.dynamodb.meta.events
    events.register("before-call.dynamodb", lambda model, **_: called.append(model.name))
    rows.write(ROW, expires_at=2)
    assert called == ["UpdateItem"]


def test_workers_whose_rows_have_expired_leave_the_list_with_the_next_that_joins(
    world: World, rows: WorkerRows
) -> None:
    for name in ("gone", "w-1"):
        rows.write(replace(ROW, worker=name), expires_at=1)
    world.clients.dynamodb.delete_item(TableName=TABLE, Key={"file_id": {"S": "worker#gone"}})
    assert [row.worker for row in rows.read()] == ["w-1"]
    WorkerRows(client=world.clients.dynamodb, table=TABLE).write(replace(ROW, worker="new"), expires_at=1)
    assert sorted(_item(world, LIST_KEY)["members"]["SS"]) == ["new", "w-1"]


def test_no_sweep_and_no_count_of_files_meets_a_worker(world: World, rows: WorkerRows) -> None:
    claimed = world.claim(world.put("a.txt")).claim.file_id
    rows.write(ROW, expires_at=1)
    assert [row.file_id for row in world.table.rows()] == [claimed]
    scan = RowScan(client=world.clients.dynamodb, table=TABLE)
    assert [row["file_id"] for page in scan.pages(("file_id", "key")) for row in page.rows] == [claimed]


def test_a_row_of_another_kind_is_no_file_even_with_a_state(world: World) -> None:
    world.clients.dynamodb.put_item(
        TableName=TABLE,
        Item={"file_id": {"S": "scaling#night"}, "state": {"S": "indexed"}, "fence": {"N": "1"}},
    )
    assert [*world.table.rows()] == []
    assert world.table.read("scaling#night") is None


def test_a_worker_is_no_pending_row(world: World, rows: WorkerRows) -> None:
    rows.write(ROW, expires_at=1)
    assert "pending" not in {**_item(world, "worker#w-1"), **_item(world, LIST_KEY)}


def test_a_missing_table_says_what_to_do(world: World) -> None:
    with pytest.raises(MisconfiguredError, match="cis-worker init"):
        WorkerRows(client=world.clients.dynamodb, table="none").read()
