"""Who may write a file's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.file_table import Commit
from worker.delivery.claims import AlreadyDone, HeldByOther
from worker.models.ledger import Claim, Job, State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_new_file_is_claimed_with_the_first_fence(world: World) -> None:
    job = world.claim(world.put("a"))
    assert job.claim.fence == 1
    assert job.version is not None
    assert world.row("a").state is State.PROCESSING


def test_a_file_that_is_done_in_this_version_is_not_claimed(world: World) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED))
    assert isinstance(world.claimer.claim(file, message_id="again"), AlreadyDone)
    assert world.row("a").fence == 1


def test_a_file_that_changed_is_claimed_again(world: World) -> None:
    file = world.put("a", b"one")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED))
    world.put("a", b"two")
    assert world.claim(file).claim.fence == 2


def test_a_file_that_another_message_holds_is_not_claimed(world: World) -> None:
    file = world.put("a")
    world.claim(file, message_id="m1")
    held = world.claimer.claim(file, message_id="m2")
    assert isinstance(held, HeldByOther)
    assert held.row.fence == 1


def test_a_redelivered_message_takes_over_its_own_claim_at_once(world: World) -> None:
    file = world.put("a")
    world.claim(file, message_id="m1")
    assert world.claim(file, message_id="m1").claim.fence == 2


@pytest.mark.parametrize(("seen", "claimed"), [((1, 0), True), ((1, 1), False), ((2, 0), False)])
def test_only_the_standstill_that_was_seen_is_taken_over(
    world: World, seen: tuple[int, int], claimed: bool
) -> None:
    file = world.put("a")
    world.claim(file, message_id="m1")
    result = world.claimer.claim(file, message_id="m2", takeover=seen)
    assert isinstance(result, Job) is claimed


def test_a_missing_object_is_claimed_without_a_version_once(world: World) -> None:
    file = world.message("gone")
    job = world.claim(file)
    assert job.version is None
    world.table.commit(job.claim, Commit(state=State.TOMBSTONED))
    assert isinstance(world.claimer.claim(file, message_id="m2"), AlreadyDone)


def test_a_file_that_came_back_is_no_longer_a_tombstone(world: World) -> None:
    file = world.message("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.TOMBSTONED))
    world.put("a")
    assert world.claim(file, message_id="m2").claim.fence == 2


def test_a_dead_lettered_file_is_tried_again_for_a_new_message_only(world: World) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file, message_id="m1").claim, Commit(state=State.DEAD_LETTERED))
    assert isinstance(world.claimer.claim(file, message_id="m1"), AlreadyDone)
    assert world.claim(file, message_id="m2").claim.fence == 2


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("timeout", True),
        ("too_many_pages", True),
        ("needs_libreoffice", True),
        ("encrypted", True),
        ("corrupt", False),
    ],
)
def test_a_failure_that_depends_on_the_machine_is_tried_again_for_a_new_message(
    world: World, reason: str, again: bool
) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.NO_CONTENT, reason=reason))
    assert isinstance(world.claimer.claim(file, message_id="m2"), Job) is again
    assert isinstance(world.claimer.claim(file, message_id="m1"), AlreadyDone) is not again


def test_a_message_that_was_dead_lettered_for_a_file_is_not_processed_again(world: World) -> None:
    world.bucket = "missing"
    file = world.message("a")
    claimed = world.table.claim(file, message_id="m1", version=None, seen=None, attempt="x")
    claim = Claim(file_id=file.file_id, fence=claimed.fence, attempt="x", message_id="m1")
    world.table.commit(claim, Commit(state=State.DEAD_LETTERED))
    assert isinstance(world.claimer.claim(file, message_id="m1"), AlreadyDone)


def test_a_finished_file_is_processed_again_once_for_all_copies_of_the_request(world: World) -> None:
    file = world.put("a")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED))
    first = world.claimer.claim(file, message_id="request", redo_fence=1)
    assert isinstance(first, Job)
    assert isinstance(world.claimer.claim(file, message_id="copy", redo_fence=1), HeldByOther)
    world.table.commit(first.claim, Commit(state=State.INDEXED))
    assert isinstance(world.claimer.claim(file, message_id="copy", redo_fence=1), AlreadyDone)
    assert world.row("a").fence == 2
