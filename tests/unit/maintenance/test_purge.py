"""Purge: tombstones, content, checkpoints and bodies that nobody needs, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld
from tests.unit.world import RESULTS
from worker.models.ledger import State

pytestmark = pytest.mark.unit

DAY = timedelta(days=1)


def test_a_tombstone_past_retention_is_purged_from_index_and_ledger(sweep_world: SweepWorld) -> None:
    sweep_world.add("a.txt")
    sweep_world.tombstone("a.txt")
    file_id = sweep_world.world.message("a.txt").file_id
    sweep_world.time += 31 * DAY
    assert sweep_world.reconcile().purged == {"tombstones": 1}
    assert sweep_world.world.table.read(file_id) is not None
    assert sweep_world.reconcile(is_fix=True).purged == {"tombstones": 1}
    assert sweep_world.world.table.read(file_id) is None
    assert sweep_world.world.index.entry(file_id) is None
    assert sweep_world.reconcile(is_fix=True).purged == {}


def test_a_tombstone_within_retention_stays(sweep_world: SweepWorld) -> None:
    sweep_world.add("a.txt")
    sweep_world.tombstone("a.txt")
    sweep_world.time += 29 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {}
    assert sweep_world.world.row("a.txt").state is State.TOMBSTONED


def test_a_tombstone_whose_object_is_back_stays(sweep_world: SweepWorld) -> None:
    sweep_world.add("a.txt")
    sweep_world.tombstone("a.txt")
    sweep_world.world.put("a.txt")
    sweep_world.time += 31 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {}
    assert sweep_world.world.row("a.txt").state is State.TOMBSTONED


def test_a_tombstone_that_is_claimed_meanwhile_stays(sweep_world: SweepWorld) -> None:
    """The row is claimed between the check and the purge: the index refuses, or the ledger does."""
    sweep_world.add("a.txt")
    sweep_world.tombstone("a.txt")
    events = sweep_world.world.clients.dynamodb.meta.events

    def claim(**_: object) -> None:
        events.unregister("before-call.dynamodb.DeleteItem", claim)
        sweep_world.world.put("a.txt")
        sweep_world.claim("a.txt")

    events.register("before-call.dynamodb.DeleteItem", claim)
    sweep_world.time += 31 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {}
    assert sweep_world.world.row("a.txt").fence == 3


def test_a_crash_between_index_and_ledger_is_made_good(sweep_world: SweepWorld) -> None:
    sweep_world.add("a.txt")
    sweep_world.tombstone("a.txt")
    file_id = sweep_world.world.message("a.txt").file_id
    assert sweep_world.world.index.purge(file_id, version=2)
    sweep_world.time += 31 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {"tombstones": 1}
    assert sweep_world.world.table.read(file_id) is None


def test_checkpoints_of_unfinished_files_stay(sweep_world: SweepWorld) -> None:
    done = sweep_world.add("done.txt")
    sweep_world.world.put("unfinished.txt")
    unfinished = sweep_world.claim("unfinished.txt")
    for file_id in (done.file_id, unfinished.file_id, "c" * 64):
        sweep_world.world.storage.put(f"checkpoints/{file_id}/v/k/000001-1-x", b"x")
    assert sweep_world.reconcile(is_fix=True).purged == {}
    sweep_world.time += DAY
    assert sweep_world.reconcile(is_fix=True).purged == {"checkpoints": 2}
    assert sweep_world.world.storage.keys("checkpoints/") == [
        f"checkpoints/{unfinished.file_id}/v/k/000001-1-x"
    ]


def test_bodies_stay_as_long_as_a_message_may_name_them(sweep_world: SweepWorld) -> None:
    sweep_world.world.storage.put("bodies/1", b"{}")
    sweep_world.time += 59 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {}
    sweep_world.time += 2 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {"bodies": 1}
    assert sweep_world.world.clients.s3.list_objects_v2(Bucket=RESULTS)["KeyCount"] == 0
