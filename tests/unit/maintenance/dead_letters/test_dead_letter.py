"""What a dead letter says: a worker's reason, or what the ledger knows of a message that SQS moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.maintenance.dead_letter_world import Operator, dead_letter, moved_by_sqs
from worker.errors import Code
from worker.maintenance.dead_letters.dead_letter import short_id
from worker.maintenance.file_filter import MOVED_BY_SQS

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_worker_gave_its_reason(world: World) -> None:
    message_id = dead_letter(world, "a.pdf", Code.SOURCE_FORBIDDEN)
    (letter,) = Operator(world).list()
    assert (letter.code, letter.stage, letter.is_moved) == ("source_forbidden", "extract", False)
    assert letter.reason == "it was source_forbidden"
    assert (letter.original_id, letter.receives) == (message_id, 1)
    assert letter.codes == {"source_forbidden"}


def test_a_message_that_sqs_moved_has_the_last_reason_of_its_row(world: World) -> None:
    message_id = moved_by_sqs(world, "a.pdf", failures=1)
    (letter,) = Operator(world).list()
    assert (letter.code, letter.original_id) == (MOVED_BY_SQS, message_id)
    assert letter.reason == "last failure: timeout: took too long"
    assert letter.codes == {MOVED_BY_SQS, "timeout"}


def test_a_foreign_message_says_why_it_cannot_be_read(world: World) -> None:
    world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody="hello")
    (letter,) = Operator(world).list()
    assert letter.files == ()
    assert "not JSON" in letter.problem
    assert letter.reason == letter.problem
    assert letter.codes == {"malformed_message"}


@pytest.mark.parametrize("name", ["x/a.pdf", "source/x/a.pdf", "s3://source/x/a.pdf"])
def test_it_is_called_by_its_file(world: World, name: str) -> None:
    dead_letter(world, "x/a.pdf")
    dead_letter(world, "x/b.pdf")
    (letter,) = Operator(world).list(names=(name,))
    assert letter.files[0].key == "x/a.pdf"
    assert letter.is_called(short_id(letter.message_id))
    assert not letter.is_called(letter.message_id[:4])
