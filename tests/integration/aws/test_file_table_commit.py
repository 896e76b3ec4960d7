"""FileTable against two servers of DynamoDB: how an attempt ends, and responses that get lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.aws.ledger import CHECKPOINT, claim, held, read
from worker.aws.clients import Clients
from worker.aws.file_table import Commit, FileTable
from worker.errors import UnavailableError
from worker.models.ledger import State

pytestmark = pytest.mark.integration
SERVERS = ("moto", "dynamodb")


def test_a_commit_ends_the_file(table: FileTable) -> None:
    row = claim(table, "a1")
    table.save_checkpoint(held(row), CHECKPOINT)
    table.commit(
        held(row),
        Commit(
            state=State.PARTIAL,
            reason="pages_failed",
            reason_message="x" * 900,
            content_hash="c0ffee",
            artifact_key="artifacts/c0ffee/pdf-1",
            thumbnail_key="thumbnails/c0ffee",
            pages=12,
            vectors_pending=True,
        ),
    )
    done = read(table)
    assert done.is_finished
    assert (done.state, done.reason, done.reason_message) == (State.PARTIAL, "pages_failed", "x" * 500)
    assert (done.content_hash, done.artifact_key) == ("c0ffee", "artifacts/c0ffee/pdf-1")
    assert (done.thumbnail_key, done.pages) == ("thumbnails/c0ffee", 12)
    assert (done.index_pending, done.vectors_pending) == (False, True)
    assert (done.owner, done.checkpoint) == (None, None)
    assert (done.fence, done.attempt) == (1, "a1")


def test_a_commit_whose_response_was_lost_succeeds(
    clients: Clients, table: FileTable, lose_responses: Any
) -> None:
    row = claim(table, "a1")
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        table.commit(held(row), Commit(state=State.INDEXED, pages=1))
    assert len(lost) == 1
    assert read(table).state is State.INDEXED


def test_a_commit_without_a_response_can_be_repeated(
    clients: Clients, table: FileTable, lose_responses: Any
) -> None:
    row = claim(table, "a1")
    with lose_responses(clients.dynamodb, "UpdateItem", times=9), pytest.raises(UnavailableError):
        table.commit(held(row), Commit(state=State.INDEXED))
    table.commit(held(row), Commit(state=State.INDEXED))
    assert read(table).state is State.INDEXED


@pytest.mark.parametrize(
    ("state", "failures", "interruptions"),
    [
        (State.INDEXED, 0, 0),
        (State.PARTIAL, 0, 0),
        (State.NO_CONTENT, 0, 0),
        (State.TOMBSTONED, 0, 0),
        (State.DEAD_LETTERED, 1, 1),
    ],
)
def test_only_a_dead_lettered_row_keeps_its_counts(
    table: FileTable, state: State, failures: int, interruptions: int
) -> None:
    table.record_failure(held(claim(table, "a1")), code="timeout", message="slow")
    table.release(held(claim(table, "a2", seen=read(table))), interrupted=True)
    third = claim(table, "a3", seen=read(table))
    assert (third.failures, third.interruptions) == (1, 1)
    table.commit(held(third), Commit(state=state))
    row = read(table)
    assert (row.failures, row.interruptions) == (failures, interruptions)


def test_a_released_file_keeps_its_checkpoint_and_has_no_owner(table: FileTable) -> None:
    row = claim(table, "a1")
    table.save_checkpoint(held(row), CHECKPOINT)
    assert table.release(held(row), interrupted=False)
    released = read(table)
    assert (released.owner, released.checkpoint) == (None, CHECKPOINT)
    assert (released.state, released.interruptions) == (State.PROCESSING, 0)


def test_a_failure_is_counted_and_returned(table: FileTable) -> None:
    assert table.record_failure(held(claim(table, "a1")), code="timeout", message="y" * 900) == 1
    row = read(table)
    assert (row.owner, row.reason, row.reason_message) == (None, "timeout", "y" * 500)
    assert table.record_failure(held(claim(table, "a2", seen=row)), code="memory", message="") == 2


def test_a_failure_or_interruption_whose_response_was_lost_counts_once(
    clients: Clients, table: FileTable, lose_responses: Any
) -> None:
    first = claim(table, "a1")
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        assert table.record_failure(held(first), code="timeout", message="slow") == 1
        assert len(lost) == 1
    second = claim(table, "a2", seen=read(table))
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        assert table.release(held(second), interrupted=True)
        assert len(lost) == 1
    row = read(table)
    assert (row.failures, row.interruptions) == (1, 1)


def test_a_new_version_starts_without_the_failures_of_the_old(table: FileTable) -> None:
    row = claim(table, "a1")
    table.save_checkpoint(held(row), CHECKPOINT)
    table.record_failure(held(row), code="timeout", message="slow")
    fresh = claim(table, "a2", seen=read(table), version="v2")
    assert (fresh.version, fresh.failures, fresh.checkpoint) == ("v2", 0, None)
    assert (fresh.reason, fresh.reason_message) == (None, "")


def test_a_retried_dead_lettered_file_starts_without_failures(table: FileTable) -> None:
    table.record_failure(held(claim(table, "a1")), code="timeout", message="slow")
    table.commit(held(claim(table, "a2", seen=read(table))), Commit(state=State.DEAD_LETTERED))
    assert read(table).failures == 1
    assert claim(table, "a3", seen=read(table)).failures == 0


def test_what_is_known_of_the_content_stays_until_the_next_commit(table: FileTable) -> None:
    row = claim(table, "a1")
    table.commit(
        held(row),
        Commit(state=State.INDEXED, content_hash="old", artifact_key="a/old", thumbnail_key="t/old"),
    )
    again = claim(table, "a2", seen=read(table), version="v2")
    assert (again.content_hash, again.artifact_key, again.thumbnail_key) == ("old", "a/old", "t/old")
    table.commit(held(again), Commit(state=State.TOMBSTONED, reason="object_gone"))
    ended = read(table)
    assert (ended.content_hash, ended.artifact_key, ended.thumbnail_key) == (None, None, None)
