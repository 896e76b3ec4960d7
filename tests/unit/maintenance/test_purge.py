"""Purge: tombstones, content, checkpoints and bodies that nobody needs, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld
from tests.unit.world import RESULTS
from worker.models.ledger import State

pytestmark = pytest.mark.unit

HASH, OTHER = "a" * 64, "b" * 64
DAY = timedelta(days=1)


def _put_content(it: SweepWorld, content_hash: str) -> list[str]:
    keys = [
        f"artifacts/{content_hash}/txt-k",
        f"thumbnails/{content_hash}/k.webp",
        f"vectors/{content_hash}/m-3",
    ]
    for key in keys:
        it.world.storage.put(key, b"x")
    return keys


def _exists(it: SweepWorld, key: str) -> bool:
    return bool(it.world.storage.keys(key))


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


def test_content_goes_a_day_after_it_was_seen_without_a_row(sweep_world: SweepWorld) -> None:
    sweep_world.add("kept.txt", content_hash=OTHER)
    kept, gone = _put_content(sweep_world, OTHER), _put_content(sweep_world, HASH)
    # Old objects, whose last file was deleted just now.
    sweep_world.time += 10 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {"contents_waiting": 1}
    sweep_world.time += DAY - timedelta(minutes=1)
    assert sweep_world.reconcile(is_fix=True).purged == {"contents_waiting": 1}
    sweep_world.time += timedelta(minutes=2)
    assert sweep_world.reconcile().purged == {"contents": 1, "content_objects": 3}
    assert all(_exists(sweep_world, key) for key in gone)
    assert sweep_world.reconcile(is_fix=True).purged == {"contents": 1, "content_objects": 3}
    assert not any(_exists(sweep_world, key) for key in gone)
    assert all(_exists(sweep_world, key) for key in kept)
    assert sweep_world.reconcile(is_fix=True).purged == {}
    assert not _exists(sweep_world, "maintenance/")


def test_content_that_a_row_names_again_stays(sweep_world: SweepWorld) -> None:
    """Before the purge the ledger is read once more; being seen with a row starts the day anew."""
    sweep_world.add("kept.txt", content_hash=OTHER)
    keys = _put_content(sweep_world, HASH)
    sweep_world.time += 2 * DAY
    sweep_world.reconcile(is_fix=True)
    sweep_world.time += 2 * DAY
    events = sweep_world.world.clients.dynamodb.meta.events
    scans: list[int] = []

    def copy(**_: object) -> None:
        scans.append(1)
        if len(scans) == 2:
            sweep_world.add("copy.txt", content_hash=HASH)

    events.register("before-call.dynamodb.Scan", copy)
    assert sweep_world.reconcile(is_fix=True).purged == {}
    events.unregister("before-call.dynamodb.Scan", copy)
    assert all(_exists(sweep_world, key) for key in keys)


def test_young_content_and_an_empty_ledger_are_left_alone(sweep_world: SweepWorld) -> None:
    _put_content(sweep_world, HASH)
    sweep_world.time += 2 * DAY
    # No row at all is more likely a wrong table than the end of all files.
    assert sweep_world.reconcile(is_fix=True).purged == {}
    sweep_world.add("kept.txt", content_hash=OTHER)
    sweep_world.time -= 2 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {"contents_waiting": 1}


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
