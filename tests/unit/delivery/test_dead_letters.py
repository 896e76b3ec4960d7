"""Files that no attempt can finish."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from worker.aws.file_table import Commit
from worker.delivery.dead_letters import DeadLetters, native_body
from worker.delivery.heartbeat import Lease
from worker.errors import UnavailableError
from worker.events import parse
from worker.index.file_facts import may_see
from worker.models.file import Rerun
from worker.models.ledger import State
from worker.models.metadata import UNKNOWN_GROUPS, read_groups
from worker.outcome import Ending, Outcome

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

ENDED = Outcome(ending=Ending.DEAD_LETTER, code="source_forbidden", message="not allowed", stage="claim")


def _lease(world: World) -> Lease:
    world.announce("a")
    return world.heartbeat.hold(world.receive())


def _dead_letters(world: World) -> DeadLetters:
    return DeadLetters(queue=world.queue, table=world.table, index=world.index)


def test_a_claimed_file_is_recorded_on_its_claim(world: World) -> None:
    file = world.put("a")
    lease = _lease(world)
    lease.claim = world.claim(file).claim
    _dead_letters(world).send(lease, file, ENDED, alone=True)
    row = world.row("a")
    assert (row.state, row.reason, row.fence) == (State.DEAD_LETTERED, "source_forbidden", 1)
    assert world.dead_letters()[0]["stage"] == "claim"


def test_a_file_that_was_never_claimed_gets_a_row(world: World) -> None:
    _dead_letters(world).send(_lease(world), world.message("a"), ENDED, alone=True)
    assert world.row("a").state is State.DEAD_LETTERED


def test_the_name_of_a_file_whose_groups_nobody_asked_for_is_not_for_everyone(world: World) -> None:
    _dead_letters(world).send(_lease(world), world.message("a"), ENDED, alone=True)
    assert [found.reason for found in world.index.find("a")] == ["source_forbidden"]
    document = world.index.document(world.message("a").file_id)
    assert document is not None
    assert not may_see(document.metadata.allowed_groups, ["sales", *read_groups("groups/unknown")])
    assert world.row("a").metadata.allowed_groups == UNKNOWN_GROUPS


def test_changed_tags_stay_changed_tags(world: World) -> None:
    file = replace(world.message("b/営業 %+.pdf"), rerun=Rerun.INDEX, tags_changed=True)
    (again,) = parse(native_body(file)).files
    assert (again.key, again.bucket, again.rerun, again.tags_changed) == (
        *(file.key, file.bucket),
        *(Rerun.INDEX, True),
    )


def test_the_row_of_an_indexed_file_has_the_reason_afterwards(world: World) -> None:
    file = world.put("a")
    world.table.commit(
        world.claim(file).claim, Commit(state=State.INDEXED, content_hash="hash", file_path="share/名前.txt")
    )
    lease = _lease(world)
    _dead_letters(world).send(lease, file, ENDED, alone=True)
    row = world.row("a")
    assert (row.state, row.reason, row.content_hash) == (State.DEAD_LETTERED, "source_forbidden", None)
    assert lease.claim is not None
    assert row.fence == lease.claim.fence == 2
    assert [found.reason for found in world.index.find("名前.txt")] == ["source_forbidden"]
    assert len(world.dead_letters()) == 1


def test_the_message_is_sent_before_anything_is_recorded(world: World) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED))
    lease = _lease(world)
    world.fail("sqs", "SendMessage")
    with pytest.raises(UnavailableError):
        _dead_letters(world).send(lease, file, ENDED, alone=True)
    assert world.row("a").state is State.PROCESSING
    assert world.index.find("a") == []


def test_the_row_of_a_file_that_another_attempt_holds_is_not_overwritten(world: World) -> None:
    file = world.put("a")
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    _dead_letters(world).send(_lease(world), file, ENDED, alone=True)
    assert world.row("a").state is State.PROCESSING
    assert world.row("a").owner == "other"
    assert world.index.find("a") == []
    assert len(world.dead_letters()) == 1


def test_one_file_of_several_gets_a_message_of_its_own(world: World) -> None:
    _dead_letters(world).send(_lease(world), world.message("b/営業.pdf"), ENDED, alone=False)
    answer = world.clients.sqs.receive_message(QueueUrl=world.dlq_url)
    body = answer["Messages"][0]["Body"]
    world.queue.send(body)
    assert "b/" in body
    assert '"eventType": "FILE_UPLOADED"' in body


def test_a_file_is_no_longer_pending_when_it_is_dead_lettered(world: World) -> None:
    file = world.put("a", b"one")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED, index_pending=True))
    world.put("a", b"two")
    lease = _lease(world)
    lease.claim = world.claim(file, message_id="m2").claim
    _dead_letters(world).send(lease, file, ENDED, alone=True)
    row = world.row("a")
    assert (row.state, row.pending, row.index_pending) == (State.DEAD_LETTERED, None, False)
