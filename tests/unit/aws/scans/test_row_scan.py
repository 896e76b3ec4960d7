"""RowScan: pages, reads by id, and changes on the fence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.world import TABLE, World
from worker.aws.file_table import Commit
from worker.aws.scans.row_scan import RowScan
from worker.errors import ThrottledError
from worker.models.ledger import State

pytestmark = pytest.mark.unit


def _scan(world: World, page_rows: int = 1_000) -> RowScan:
    return RowScan(client=world.clients.dynamodb, table=TABLE, page_rows=page_rows)


def _claim(world: World, *keys: str) -> list[str]:
    return [world.claim(world.put(key)).claim.file_id for key in keys]


def test_every_row_is_read_once_with_the_named_attributes(world: World) -> None:
    ids = _claim(world, *(f"{number}.txt" for number in range(7)))
    pages = list(_scan(world, 3).pages(("file_id", "key", "fence", "reason")))
    rows = [row for page in pages for row in page.rows]
    assert sorted(row["file_id"] for row in rows) == sorted(ids)
    assert {(row["fence"], len(row)) for row in rows} == {("1", 3)}
    assert pages[-1].after is None
    rest = _scan(world, 3).pages(("file_id",), after=pages[0].after)
    assert sum(len(page.rows) for page in rest) == 4


def test_rows_are_read_by_id_a_hundred_a_call(world: World) -> None:
    ids = _claim(world, "a.txt", "b.txt")
    found = _scan(world).read([*ids, *(f"{number:064x}" for number in range(230)), *ids], ("file_id", "key"))
    assert {each: row["key"] for each, row in found.items()} == dict(
        zip(ids, ("a.txt", "b.txt"), strict=True)
    )


def test_rows_that_are_left_unread_are_asked_for_again(world: World) -> None:
    """A throttled table answers a part, and that is no sign that a row does not exist."""
    ids = _claim(world, "a.txt", "b.txt")
    events = world.clients.dynamodb.meta.events
    left = [3]

    def leave_out(parsed: dict[str, Any], **_: object) -> None:
        if left[0]:
            left[0] -= 1
            keys = [{"file_id": row["file_id"]} for row in parsed["Responses"][TABLE]]
            parsed["UnprocessedKeys"] = {TABLE: {"Keys": keys}}
            parsed["Responses"] = {}

    events.register("after-call.dynamodb.BatchGetItem", leave_out)
    assert set(_scan(world).read(ids, ("file_id",))) == set(ids)
    left[0] = 1_000
    with pytest.raises(ThrottledError, match="left unread"):
        _scan(world).read(ids, ("file_id",))


def test_a_tombstone_is_removed_on_its_fence_only(world: World) -> None:
    job = world.claim(world.put("a.txt"))
    scan, file_id = _scan(world), job.claim.file_id
    assert not scan.remove_tombstone(file_id, fence=1)
    world.table.commit(job.claim, Commit(state=State.TOMBSTONED))
    assert not scan.remove_tombstone(file_id, fence=2)
    assert scan.remove_tombstone(file_id, fence=1)
    assert world.table.read(file_id) is None


def test_a_fence_is_raised_where_nobody_holds_the_file(world: World) -> None:
    scan, file_id = _scan(world), "d" * 64
    assert scan.raise_fence(file_id, seen=None, to=7)
    assert not scan.raise_fence(file_id, seen=None, to=8)
    assert scan.raise_fence(file_id, seen=7, to=9)
    job = world.claim(world.put("a.txt"))
    assert not scan.raise_fence(job.claim.file_id, seen=1, to=5)
    world.table.release(job.claim, interrupted=True)
    assert scan.raise_fence(job.claim.file_id, seen=1, to=5)
    assert scan.count() == 2
