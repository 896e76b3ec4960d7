"""OrphanedContent: what no live row names goes after a day, and nothing earlier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld

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


def test_content_that_comes_back_and_goes_again_is_kept_for_another_day(sweep_world: SweepWorld) -> None:
    sweep_world.add("kept.txt", content_hash=OTHER)
    _put_content(sweep_world, HASH)
    sweep_world.time += 2 * DAY
    sweep_world.reconcile(is_fix=True)
    sweep_world.time += 2 * DAY
    assert sweep_world.reconcile(is_fix=True).purged["contents"] == 1
    _put_content(sweep_world, HASH)
    sweep_world.time += 2 * DAY
    assert sweep_world.reconcile(is_fix=True).purged == {"contents_waiting": 1}
