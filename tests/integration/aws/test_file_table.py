"""FileTable against two servers of DynamoDB: claims, fences, beats, checkpoints and reads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.aws.ledger import CHECKPOINT, MESSAGE, claim, held, read
from worker.aws.clients import Clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.ledger_row import FileRow
from worker.errors import LeaseLostError, MisconfiguredError, UnavailableError
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Claim, State

pytestmark = pytest.mark.integration
SERVERS = ("moto", "dynamodb")


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


def test_a_claim_over_a_row_that_was_removed_is_refused(table: FileTable, table_name: str) -> None:
    ghost = FileRow(file_id=MESSAGE.file_id, fence=4, state=State.INDEXED)
    with pytest.raises(LeaseLostError):
        claim(table, "a1", seen=ghost)
    assert table.read(MESSAGE.file_id) is None


def test_a_claim_whose_response_was_lost_recognises_itself(
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


def test_a_claim_without_a_response_is_an_outage_and_can_be_taken_over(
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


def test_the_same_fence_with_another_attempt_may_not_write(table: FileTable) -> None:
    row = claim(table, "a1")
    forged = Claim(file_id=row.file_id, fence=row.fence, attempt="a2", message_id="m1")
    with pytest.raises(LeaseLostError):
        table.commit(forged, Commit(state=State.INDEXED))


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


def test_several_rows_are_read_at_once(table: FileTable) -> None:
    row = claim(table, "a1")
    assert table.read_many([row.file_id, "never-claimed"]) == {row.file_id: row}


def test_a_seeded_fence_is_never_set_back(table: FileTable) -> None:
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


def test_a_seeded_row_can_be_claimed_at_once(table: FileTable) -> None:
    table.seed(MESSAGE, fence=1_000)
    seeded = read(table)
    assert (seeded.fence, seeded.is_finished, seeded.owner) == (1_000, False, None)
    assert claim(table, "a1", seen=seeded).fence == 1_001


def test_an_existing_row_is_not_seeded(table: FileTable) -> None:
    row = claim(table, "a1")
    table.seed(MESSAGE, fence=1_000)
    assert read(table) == row


def test_a_row_seeded_with_pages_gives_them_to_the_same_version_only(table: FileTable) -> None:
    table.seed(MESSAGE, fence=1_000, checkpoint=CHECKPOINT)
    assert claim(table, "a1", seen=read(table), version="v1").checkpoint == CHECKPOINT
    assert claim(table, "a2", seen=read(table), version="v2").checkpoint is None
