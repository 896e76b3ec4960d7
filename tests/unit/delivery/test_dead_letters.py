"""Files that no attempt can finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.file_table import Commit
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.heartbeat import Lease
from worker.models.ledger import State
from worker.outcome import Ending, Outcome

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

ENDED = Outcome(ending=Ending.DEAD_LETTER, code="source_forbidden", message="not allowed", stage="look")


def _lease(world: World) -> Lease:
    world.announce("a")
    return world.heartbeat.hold(world.receive())


def _burial(world: World) -> DeadLetters:
    return DeadLetters(queue=world.queue, table=world.table)


def test_a_claimed_file_is_recorded_on_its_claim(world: World) -> None:
    file = world.put("a")
    lease = _lease(world)
    lease.claim = world.claim(file).claim
    _burial(world).send(lease, file, ENDED, alone=True)
    row = world.row("a")
    assert (row.state, row.reason, row.fence) == (State.DEAD_LETTERED, "source_forbidden", 1)
    assert world.dead_letters()[0]["stage"] == "look"


def test_a_file_that_was_never_looked_at_gets_a_row(world: World) -> None:
    _burial(world).send(_lease(world), world.message("a"), ENDED, alone=True)
    assert world.row("a").state is State.DEAD_LETTERED


def test_what_the_index_still_has_is_not_overwritten(world: World) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED, content_hash="hash"))
    _burial(world).send(_lease(world), file, ENDED, alone=True)
    row = world.row("a")
    assert (row.state, row.content_hash) == (State.INDEXED, "hash")
    assert len(world.dead_letters()) == 1


def test_a_file_another_attempt_is_on_is_left_to_it(world: World) -> None:
    file = world.put("a")
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    _burial(world).send(_lease(world), file, ENDED, alone=True)
    assert world.row("a").state is State.PROCESSING


def test_one_file_of_several_gets_a_message_of_its_own(world: World) -> None:
    _burial(world).send(_lease(world), world.message("b/営業.pdf"), ENDED, alone=False)
    answer = world.clients.sqs.receive_message(QueueUrl=world.dlq_url)
    body = answer["Messages"][0]["Body"]
    world.queue.send(body)
    assert "b/" in body
    assert '"eventType": "FILE_UPLOADED"' in body


def test_what_is_pending_of_a_file_stays_so_when_a_message_for_it_was_dead_lettered(world: World) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED, index_pending=True))
    _burial(world).send(_lease(world), file, ENDED, alone=True)
    assert world.row("a").pending


def test_the_pending_content_of_a_claimed_file_gives_way_to_the_dead_letter(world: World) -> None:
    file = world.put("a", b"one")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED, index_pending=True))
    world.put("a", b"two")
    lease = _lease(world)
    lease.claim = world.claim(file, message_id="m2").claim
    _burial(world).send(lease, file, ENDED, alone=True)
    row = world.row("a")
    assert (row.state, row.pending, row.index_pending) == (State.DEAD_LETTERED, None, False)
