"""UnsentEvents: marks on rows, events kept beside them, and who finds which."""

from __future__ import annotations

import pytest

from tests.unit.document_events import check_event
from tests.unit.world import TABLE, World
from worker.aws import pending_files
from worker.aws.ledger_row import FileRow
from worker.aws.messages.document_event import DocumentEvent
from worker.aws.other_rows.unsent_events import SHARDS, UnsentEvents
from worker.aws.pending_files import PendingFiles
from worker.errors import MisconfiguredError
from worker.models.ledger import Commit, State

pytestmark = pytest.mark.unit


@pytest.fixture
def unsent(world: World) -> UnsentEvents:
    world.table.announce_commits(lambda _: None)
    return UnsentEvents(client=world.clients.dynamodb, table=TABLE)


def _commit(world: World, key: str = "a.txt", *, index_pending: bool = False) -> FileRow:
    job = world.claim(world.put(key), message_id=f"m-{key}")
    world.table.commit(job.claim, Commit(state=State.INDEXED, index_pending=index_pending, pages=3))
    return world.row(key)


def _keys(unsent: UnsentEvents) -> list[str]:
    return [key for shard in SHARDS for key in unsent.page(shard, limit=10).keys]


def test_a_commit_marks_its_row_and_no_replayer_finds_it(world: World, unsent: UnsentEvents) -> None:
    row = _commit(world)
    assert row.event_pending
    assert row.pending == f"e{row.file_id[0]}"
    assert not row.lacks_something
    assert _keys(unsent) == [row.file_id]
    assert not set(SHARDS) & set(pending_files.SHARDS)


def test_a_row_whose_event_was_sent_has_no_mark_and_may_be_cleared_again(
    world: World, unsent: UnsentEvents
) -> None:
    row = _commit(world)
    assert unsent.clear(row)
    assert unsent.clear(row)
    now = world.row("a.txt")
    assert (now.event_pending, now.pending) == (False, None)
    assert _keys(unsent) == []


def test_what_else_is_pending_is_found_by_the_replayer_once_the_event_is_sent(
    world: World, unsent: UnsentEvents
) -> None:
    row = _commit(world, index_pending=True)
    assert row.pending == f"e{row.file_id[0]}"
    assert unsent.clear(row)
    now = world.row("a.txt")
    assert (now.index_pending, now.pending) == (True, row.file_id[0])


def test_a_row_that_was_filled_meanwhile_is_not_cleared_by_what_it_was(
    world: World, unsent: UnsentEvents
) -> None:
    row = _commit(world, index_pending=True)
    pending = PendingFiles(client=world.clients.dynamodb, name=TABLE, table=world.table)
    assert pending.fill(row)
    assert not unsent.clear(row)
    now = world.row("a.txt")
    assert (now.event_pending, now.index_pending, now.pending) == (True, False, f"e{row.file_id[0]}")
    assert unsent.clear(now)
    assert world.row("a.txt").pending is None


def test_a_fill_after_the_event_was_sent_does_not_mark_it_again(world: World, unsent: UnsentEvents) -> None:
    row = _commit(world, index_pending=True)
    unsent.clear(row)
    PendingFiles(client=world.clients.dynamodb, name=TABLE, table=world.table).fill(row)
    assert not world.row("a.txt").event_pending


def test_the_replayer_is_not_shown_a_row_that_lacks_its_event_only(
    world: World, unsent: UnsentEvents
) -> None:
    row = _commit(world)
    pending = PendingFiles(client=world.clients.dynamodb, name=TABLE, table=world.table)
    assert pending.read(row.file_id) is None


def test_a_claim_keeps_the_event_of_the_end_that_it_replaces(world: World, unsent: UnsentEvents) -> None:
    row = _commit(world)
    world.claim(world.put("a.txt", b"newer"), message_id="m2")
    (key,) = _keys(unsent)
    assert key == f"event#{row.file_id}-1-indexed"
    (event,) = unsent.read_kept([key])
    assert event == DocumentEvent.from_row(row)
    assert check_event(event.text)["pages"] == 3
    unsent.remove(event)
    unsent.remove(event)
    assert _keys(unsent) == []
    assert unsent.read_kept([key]) == ()


def test_a_claim_fails_where_an_end_state_came_since_its_row_was_read(
    world: World, unsent: UnsentEvents
) -> None:
    """Its write would remove an event that nobody kept."""
    job = world.claim(world.put("a.txt"))
    seen = world.row("a.txt")
    world.table.commit(job.claim, Commit(state=State.INDEXED))
    with pytest.raises(Exception, match="claimed in the meantime"):
        world.table.claim(job.message, message_id="m2", version="v", seen=seen, attempt="second")
    assert world.row("a.txt").event_pending


def test_a_kept_event_is_no_file(world: World, unsent: UnsentEvents) -> None:
    row = _commit(world)
    unsent.keep(row)
    assert [each.file_id for each in world.table.rows()] == [row.file_id]


def test_a_document_that_the_index_refuses_is_announced(world: World, unsent: UnsentEvents) -> None:
    row = _commit(world, index_pending=True)
    unsent.clear(row)
    pending = PendingFiles(client=world.clients.dynamodb, name=TABLE, table=world.table)
    assert pending.refuse(world.row("a.txt"), reason="mapping")
    now = world.row("a.txt")
    assert (now.state, now.event_pending) == (State.DEAD_LETTERED, True)
    assert _keys(unsent) == [row.file_id]
    assert DocumentEvent.from_row(now).event_type == "document.dead_lettered"


def test_pages_go_on_where_the_last_ended(world: World, unsent: UnsentEvents) -> None:
    rows = [_commit(world, f"{number}.txt") for number in range(40)]
    shard = max(SHARDS, key=lambda each: sum(row.pending == each for row in rows))
    expected = sorted(row.file_id for row in rows if row.pending == shard)
    assert len(expected) > 1
    found: list[str] = []
    after: str | None = None
    while True:
        page = unsent.page(shard, limit=1, after=after)
        found += page.keys
        if (after := page.after) is None:
            break
    assert sorted(found) == expected


def test_a_table_without_the_index_says_what_to_do(world: World, unsent: UnsentEvents) -> None:
    world.clients.dynamodb.update_table(
        TableName=TABLE, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "pending"}}]
    )
    with pytest.raises(MisconfiguredError, match="cis-worker init"):
        unsent.page(SHARDS[0], limit=1)
