"""The counts of a row start over, unless it was claimed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.row_reset import RowReset

if TYPE_CHECKING:
    from tests.unit.world import World
    from worker.aws.ledger_row import FileRow

pytestmark = pytest.mark.unit


def held(world: World) -> FileRow:
    claim = world.claim(world.put("a")).claim
    world.table.record_failure(claim, code="timeout", message="slow")
    world.claim(world.message("a"))
    return world.row("a")


def test_counts_and_holder_are_removed_and_the_reason_stays(world: World) -> None:
    row = held(world)
    reset = RowReset(client=world.clients.dynamodb, table="files")
    assert reset.reset(row, is_free=False)
    assert (world.row("a").failures, world.row("a").owner) == (0, "me")
    assert reset.reset(row, is_free=True)
    after = world.row("a")
    assert (after.owner, after.reason, after.fence, after.state) == (None, "timeout", row.fence, row.state)


def test_a_row_that_was_claimed_meanwhile_is_left_alone(world: World) -> None:
    row = held(world)
    world.claim(world.message("a"))
    reset = RowReset(client=world.clients.dynamodb, table="files")
    assert not reset.reset(row, is_free=True)
    assert (world.row("a").failures, world.row("a").owner) == (1, "me")
