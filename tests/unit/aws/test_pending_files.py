"""Pending rows are found by their shard, and concurrent fills do not undo each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import FileRow
from worker.aws.pending_files import SHARDS, PendingFiles
from worker.errors import MisconfiguredError, UnavailableError
from worker.models.file import FileType
from worker.models.ledger import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def pending(world: World) -> PendingFiles:
    return of(world.clients.dynamodb, world.table)


def of(client: Any, table: FileTable) -> PendingFiles:
    return PendingFiles(client=client, name="files", table=table)


END = Commit(state=State.INDEXED, file_type=FileType.TEXT, size_bytes=7, file_path="/p/a")


def commit(world: World, key: str, *, index_pending: bool = False, vectors_pending: bool = False) -> FileRow:
    claim = world.claim(world.put(key)).claim
    world.table.commit(claim, replace(END, index_pending=index_pending, vectors_pending=vectors_pending))
    return world.row(key)


def everything(pending: PendingFiles) -> dict[str, FileRow]:
    found = [file_id for shard in SHARDS for file_id in pending.page(shard, limit=100).keys]
    rows = {file_id: pending.read(file_id) for file_id in found}
    return {file_id: row for file_id, row in rows.items() if row is not None}


def test_only_what_is_pending_is_found(world: World, pending: PendingFiles) -> None:
    index = commit(world, "a", index_pending=True)
    vectors = commit(world, "b", vectors_pending=True)
    commit(world, "c")
    assert everything(pending) == {index.file_id: index, vectors.file_id: vectors}
    assert index.pending == index.file_id[0]
    assert vectors.pending == f"v{vectors.file_id[0]}"
    assert (index.file_path, index.file_type, index.size_bytes) == ("/p/a", "txt", 7)


def test_a_row_is_found_in_its_shard_only(world: World, pending: PendingFiles) -> None:
    row = commit(world, "a", index_pending=True)
    found = [shard for shard in SHARDS if pending.page(shard, limit=10).keys]
    assert found == [row.file_id[0]]


def test_a_long_shard_is_read_page_by_page(world: World, pending: PendingFiles) -> None:
    rows = [commit(world, f"{number}", vectors_pending=True) for number in range(60)]
    seen: list[str] = []
    for shard in SHARDS:
        after = None
        while True:
            page = pending.page(shard, limit=2, after=after)
            assert len(page.keys) <= 2
            seen += page.keys
            after = page.after
            if after is None:
                break
    assert sorted(seen) == sorted(row.file_id for row in rows)


def test_a_claim_removes_a_row_from_the_index_however_the_attempt_ends(
    world: World, pending: PendingFiles
) -> None:
    seen = commit(world, "a", index_pending=True, vectors_pending=True)
    claimed = world.table.claim(world.message("a"), message_id="m2", version="v2", seen=seen, attempt="a2")
    assert (claimed.pending, claimed.index_pending, claimed.vectors_pending) == (None, False, False)
    assert everything(pending) == {}
    assert pending.read(seen.file_id) is None
    assert not pending.fill(seen)
    assert world.row("a").state is State.PROCESSING


def test_filling_clears_what_was_pending(world: World, pending: PendingFiles) -> None:
    row = commit(world, "a", index_pending=True, vectors_pending=True)
    assert pending.fill(row, vectors_pending=True)
    half = world.row("a")
    assert (half.index_pending, half.vectors_pending) == (False, True)
    assert pending.fill(half)
    done = world.row("a")
    assert (done.index_pending, done.vectors_pending, done.pending) == (False, False, None)
    assert (done.state, done.fence) == (row.state, row.fence)
    assert everything(pending) == {}


def test_the_fill_that_wrote_less_at_the_same_time_keeps_the_row_pending(
    world: World, pending: PendingFiles
) -> None:
    """One worker has the vectors, another writes the same version without them, in either order."""
    seen = commit(world, "a", index_pending=True, vectors_pending=True)
    assert pending.fill(seen, vectors_pending=True)
    assert not pending.fill(seen)
    assert world.row("a").vectors_pending
    seen = world.row("a")
    assert pending.fill(seen)
    assert pending.fill(seen, vectors_pending=True)
    assert world.row("a").pending


def test_a_refused_document_is_dead_lettered_with_its_content_kept(
    world: World, pending: PendingFiles
) -> None:
    claim = world.claim(world.put("a")).claim
    world.table.commit(claim, Commit(state=State.INDEXED, artifact_key="artifacts/x", index_pending=True))
    seen = world.row("a")
    assert pending.refuse(seen, reason="too many fields")
    row = world.row("a")
    assert (row.state, row.reason, row.reason_message) == (
        State.DEAD_LETTERED,
        "index_rejected",
        "too many fields",
    )
    assert (row.artifact_key, row.pending, row.index_pending) == ("artifacts/x", None, False)
    assert everything(pending) == {}


def test_a_table_without_the_index_is_a_misconfiguration_with_advice(
    world: World, pending: PendingFiles
) -> None:
    world.clients.dynamodb.update_table(
        TableName="files", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "pending"}}]
    )
    with pytest.raises(MisconfiguredError, match="cis-worker init"):
        pending.page("0", limit=1)


def test_an_outage_is_no_misconfiguration(connect: Callable[[str], Any], wire: Any) -> None:
    client = connect("dynamodb")
    table = FileTable(client, table="files", owner="w", pipeline_version="1")
    wire.error("InternalServerError", status=500)
    with pytest.raises(UnavailableError):
        of(client, table).page("0", limit=1)
