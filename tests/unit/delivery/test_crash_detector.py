"""Files held by a worker of this machine that died."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from worker.models.ledger import Claim, Job, State
from worker.runtime.process_record import ProcessRecord

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

# A block that is left, or forgotten, ends its claim.
_NEVER_LEFT: list[AbstractContextManager[None]] = []


def _die_holding(world: World, *claims: Claim, boot_id: str = "boot") -> None:
    """Another process of this machine held the claims, and was killed."""
    record = ProcessRecord(world.work_root / "state", deployment="d", boot_id=boot_id)
    for claim in claims:
        _NEVER_LEFT.append(record.hold(claim))
        _NEVER_LEFT[-1].__enter__()
    os.close(record._lock)


def test_all_files_of_a_dead_worker_become_suspect_and_free(world: World) -> None:
    files = [world.put(key) for key in ("a", "b")]
    _die_holding(world, *(world.claim(file).claim for file in files))
    world.crash_detector.step()
    for key in ("a", "b"):
        row = world.row(key)
        assert (row.is_suspect, row.crash_strikes, row.owner) == (True, 0, None)
        assert row.state is State.PROCESSING


def test_a_death_in_isolation_is_a_strike(world: World) -> None:
    file = world.put("a")
    for strikes in (0, 1, 2, 3):
        job = world.claimer.claim(file, message_id="m1", is_isolated=True)
        assert isinstance(job, Job)
        _die_holding(world, job.claim)
        world.crash_detector.step()
        assert world.row("a").crash_strikes == strikes


def test_a_file_that_another_worker_has_claimed_since_is_not_marked(world: World) -> None:
    file = world.put("a")
    stale = world.claim(file).claim
    world.claim(file)
    _die_holding(world, stale)
    world.crash_detector.step()
    row = world.row("a")
    assert (row.is_suspect, row.owner) == (False, "me")


def test_a_file_that_was_released_is_not_marked(world: World) -> None:
    claim = world.claim(world.put("a")).claim
    world.table.release(claim, interrupted=True)
    _die_holding(world, claim)
    world.crash_detector.step()
    assert not world.row("a").is_suspect


def test_a_machine_that_died_ten_times_leaves_no_strike(world: World) -> None:
    file = world.put("a")
    for number in range(10):
        _die_holding(world, world.claim(file).claim, boot_id=f"boot-{number}")
        world.crash_detector.step()
        row = world.row("a")
        assert (row.is_suspect, row.crash_strikes) == (False, 0)


def test_an_unavailable_ledger_delays_the_mark(world: World) -> None:
    _die_holding(world, world.claim(world.put("a")).claim)
    world.fail("dynamodb", "UpdateItem", times=20)
    world.crash_detector.step()
    assert not world.row("a").is_suspect
    for _ in range(20):
        world.crash_detector.step()
    assert world.row("a").is_suspect
    assert world.row("a").crash_strikes == 0
