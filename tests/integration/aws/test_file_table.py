"""FileTable against two servers of DynamoDB: fences, claims and answers that get lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from worker.aws.clients import Clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import FileRow
from worker.errors import LeaseLostError, MisconfiguredError, UnavailableError
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Checkpoint, CheckpointPart, Claim, State

pytestmark = pytest.mark.integration
SERVERS = ("moto", "dynamodb")

MESSAGE = FileMessage(
    event_type=EventType.FILE_UPLOADED, bucket="nas", key="報告.pdf", original_path="営業/報告.pdf"
)
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
CHECKPOINT = Checkpoint(
    version="v1",
    extraction_key="k",
    parts=(CheckpointPart(key="checkpoints/a/1", sha256="ab", pages=(1, 2)),),
)


@pytest.fixture
def table_name(clients: Clients, name: str) -> str:
    clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
    )
    clients.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


@pytest.fixture
def table(clients: Clients, table_name: str) -> FileTable:
    return FileTable(
        clients.dynamodb, table=table_name, owner="worker-1", pipeline_version="7", now=lambda: NOW
    )


def claim(
    table: FileTable, attempt: str, *, seen: FileRow | None = None, version: str | None = "v1"
) -> FileRow:
    return table.claim(MESSAGE, message_id="m1", version=version, seen=seen, attempt=attempt)


def held(row: FileRow) -> Claim:
    return Claim(
        file_id=row.file_id,
        fence=row.fence,
        attempt=row.attempt or "",
        message_id=row.message_id or "",
    )


def read(table: FileTable) -> FileRow:
    row = table.read(MESSAGE.file_id)
    assert row is not None
    return row


def test_a_file_never_claimed_has_no_row(table: FileTable) -> None:
    assert table.read(MESSAGE.file_id) is None


def test_the_first_claim_writes_the_whole_row(table: FileTable) -> None:
    row = claim(table, "a1")
    assert row == FileRow(
        file_id=MESSAGE.file_id,
        fence=1,
        state=State.PROCESSING,
        bucket="nas",
        key="報告.pdf",
        file_path="営業/報告.pdf",
        version="v1",
        attempt="a1",
        owner="worker-1",
        message_id="m1",
        pipeline_version="7",
        updated_at="2026-11-21T09:30:00.000+00:00",
    )
    assert read(table) == row


def test_of_two_first_claimants_one_wins(table: FileTable) -> None:
    claim(table, "a1")
    with pytest.raises(LeaseLostError, match="a1"):
        claim(table, "a2")
    assert read(table).attempt == "a1"


def test_of_two_claimants_who_saw_the_same_row_one_wins(table: FileTable) -> None:
    seen = claim(table, "a1")
    assert claim(table, "a2", seen=seen).fence == 2
    with pytest.raises(LeaseLostError):
        claim(table, "a3", seen=seen)
    assert read(table).attempt == "a2"


def test_a_claim_over_a_row_that_vanished_is_refused(table: FileTable, table_name: str) -> None:
    ghost = FileRow(file_id=MESSAGE.file_id, fence=4, state=State.INDEXED)
    with pytest.raises(LeaseLostError):
        claim(table, "a1", seen=ghost)
    assert table.read(MESSAGE.file_id) is None


def test_a_claim_whose_answer_was_lost_recognises_itself(
    clients: Clients, table: FileTable, lose_responses: Any
) -> None:
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        first = claim(table, "a1")
        assert len(lost) == 1
        assert first.fence == 1
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        second = claim(table, "a2", seen=first)
        assert len(lost) == 1
    assert (second.fence, second.attempt) == (2, "a2")
    assert read(table) == second


def test_a_claim_that_never_hears_an_answer_is_an_outage_and_can_be_taken_over(
    clients: Clients, table: FileTable, lose_responses: Any
) -> None:
    with lose_responses(clients.dynamodb, "UpdateItem", times=9), pytest.raises(UnavailableError):
        claim(table, "a1")
    assert claim(table, "a2", seen=read(table)).fence == 2


def test_a_beat_is_counted_while_the_file_is_held(table: FileTable) -> None:
    first = claim(table, "a1")
    assert table.beat(held(first))
    assert table.beat(held(first))
    assert read(table).beat == 2
    second = claim(table, "a2", seen=read(table))
    assert second.beat == 0
    assert not table.beat(held(first))
    assert read(table).beat == 0


def test_a_checkpoint_is_found_by_the_next_attempt(table: FileTable) -> None:
    first = claim(table, "a1")
    table.save_checkpoint(held(first), CHECKPOINT)
    assert claim(table, "a2", seen=first).checkpoint == CHECKPOINT


def test_a_stale_attempt_can_write_nothing(table: FileTable) -> None:
    stale = held(claim(table, "a1"))
    current = claim(table, "a2", seen=read(table))
    with pytest.raises(LeaseLostError, match="a1"):
        table.save_checkpoint(stale, CHECKPOINT)
    with pytest.raises(LeaseLostError):
        table.commit(stale, Commit(state=State.INDEXED))
    with pytest.raises(LeaseLostError):
        table.record_failure(stale, code="timeout", message="late")
    assert not table.release(stale, interrupted=True)
    assert read(table) == current


def test_a_fence_of_another_attempt_is_no_right_to_write(table: FileTable) -> None:
    row = claim(table, "a1")
    forged = Claim(file_id=row.file_id, fence=row.fence, attempt="a2", message_id="m1")
    with pytest.raises(LeaseLostError):
        table.commit(forged, Commit(state=State.INDEXED))


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
    assert done.finished
    assert (done.state, done.reason, done.reason_message) == (State.PARTIAL, "pages_failed", "x" * 500)
    assert (done.content_hash, done.artifact_key) == ("c0ffee", "artifacts/c0ffee/pdf-1")
    assert (done.thumbnail_key, done.pages) == ("thumbnails/c0ffee", 12)
    assert (done.index_pending, done.vectors_pending) == (False, True)
    assert (done.owner, done.checkpoint) == (None, None)
    assert (done.fence, done.attempt) == (1, "a1")


def test_a_commit_whose_answer_was_lost_succeeds(
    clients: Clients, table: FileTable, lose_responses: Any
) -> None:
    row = claim(table, "a1")
    with lose_responses(clients.dynamodb, "UpdateItem") as lost:
        table.commit(held(row), Commit(state=State.INDEXED, pages=1))
    assert len(lost) == 1
    assert read(table).state is State.INDEXED


def test_a_commit_that_never_heard_an_answer_can_be_repeated(
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


def test_a_failure_is_counted_and_told(table: FileTable) -> None:
    assert table.record_failure(held(claim(table, "a1")), code="timeout", message="y" * 900) == 1
    row = read(table)
    assert (row.owner, row.reason, row.reason_message) == (None, "timeout", "y" * 500)
    assert table.record_failure(held(claim(table, "a2", seen=row)), code="memory", message="") == 2


def test_a_failure_or_interruption_whose_answer_was_lost_counts_once(
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


def test_a_dead_lettered_file_that_is_tried_again_has_all_its_attempts(table: FileTable) -> None:
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
    gone = read(table)
    assert (gone.content_hash, gone.artifact_key, gone.thumbnail_key) == (None, None, None)


def test_a_file_without_a_version_can_be_claimed(table: FileTable) -> None:
    first = claim(table, "a1")
    assert claim(table, "a2", seen=first, version=None).version is None


def test_all_rows_are_read_page_after_page(table: FileTable, table_name: str, clients: Clients) -> None:
    for number in range(30):
        message = FileMessage(
            event_type=EventType.FILE_UPLOADED, bucket="nas", key=f"{number}", original_path="p" * 60_000
        )
        table.claim(message, message_id="m", version="v" * 60_000, seen=None, attempt="a")
    pages = clients.dynamodb.scan(TableName=table_name)
    assert "LastEvaluatedKey" in pages
    assert sorted(int(row.key) for row in table.rows()) == list(range(30))


def test_several_rows_are_read_at_once_and_strangers_left_out(table: FileTable) -> None:
    row = claim(table, "a1")
    assert table.read_many([row.file_id, "never-claimed"]) == {row.file_id: row}


def test_a_seeded_fence_goes_on_and_is_never_set_back(table: FileTable) -> None:
    table.seed(MESSAGE, fence=7)
    assert claim(table, "a1", seen=read(table)).fence == 8
    table.seed(MESSAGE, fence=3)
    assert read(table).fence == 8


def test_a_missing_table_is_a_misconfiguration(clients: Clients, name: str) -> None:
    table = FileTable(clients.dynamodb, table=name, owner="w", pipeline_version="1")
    with pytest.raises(MisconfiguredError, match=name):
        table.read("abc")
    with pytest.raises(MisconfiguredError, match=name):
        list(table.rows())


def test_many_rows_are_read_at_once_without_those_never_claimed(table: FileTable) -> None:
    claim(table, "a1")
    rows = table.read_many([MESSAGE.file_id, "never claimed"])
    assert rows == {MESSAGE.file_id: read(table)}


def test_a_seeded_fence_goes_on_counting_and_holds_nobody_up(table: FileTable) -> None:
    table.seed(MESSAGE, fence=1_000)
    seeded = read(table)
    assert (seeded.fence, seeded.finished, seeded.owner) == (1_000, False, None)
    assert claim(table, "a1", seen=seeded).fence == 1_001


def test_a_row_that_is_there_is_not_seeded(table: FileTable) -> None:
    row = claim(table, "a1")
    table.seed(MESSAGE, fence=1_000)
    assert read(table) == row
