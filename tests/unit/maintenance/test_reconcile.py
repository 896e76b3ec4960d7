"""Reconcile: exactly what differs is found, queued, settled by a worker, and then gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld
from worker.aws.file_table import Commit
from worker.maintenance.sweep import StoppedError
from worker.models.ledger import State

pytestmark = pytest.mark.unit

KEYS = ("a b+c%2B.txt", "営業/見積書.txt", "e\u0301.txt", "é.txt", "z~\U0001f600.txt")


def test_a_bucket_that_agrees_has_no_differences(sweep_world: SweepWorld) -> None:
    """Keys of any characters are compared as they are."""
    for key in KEYS:
        sweep_world.add(key)
    tally = sweep_world.reconcile()
    assert (tally.objects, tally.total, tally.findings) == (5, 0, {"matching": 5})


def _break(it: SweepWorld) -> dict[str, str]:
    """Break files in every way; returns what is to be found of each."""
    world = it.world
    for number in range(4):
        it.add(f"right/{number}.txt")
    world.put("missing 不足+.txt")
    it.add("other version.txt")
    world.put("other version.txt", b"newer")
    it.add("not indexed.txt")
    world.index.tombstone(world.message("not indexed.txt").file_id, version=1)
    world.index.purge(world.message("not indexed.txt").file_id, version=1)
    claim = it.add("other entry.txt", content_hash="a" * 64)
    it.index("other entry.txt", version=claim.fence + 5, content_hash="b" * 64)
    it.add("gone.txt")
    it.delete_object("gone.txt")
    it.add("entry only.txt")
    it.delete_object("entry only.txt")
    it.delete_row("entry only.txt")
    it.add("lost row.txt")
    it.index("lost row.txt", version=7)
    it.delete_row("lost row.txt")
    it.add("deleted.txt")
    it.tombstone("deleted.txt")
    it.index("deleted.txt", version=4)
    it.add("back.txt")
    it.tombstone("back.txt")
    world.put("back.txt")
    world.put("unfinished.txt")
    world.table.release(it.claim("unfinished.txt"), interrupted=True)
    return {
        "missing 不足+.txt": "no_row",
        "other version.txt": "other_version",
        "not indexed.txt": "not_indexed",
        "other entry.txt": "other_entry",
        "gone.txt": "object_gone",
        "entry only.txt": "entry_without_row",
        "lost row.txt": "no_row",
        "deleted.txt": "entry_of_deleted",
        "back.txt": "tombstoned",
        "unfinished.txt": "unfinished",
    }


def test_every_difference_is_found_and_nothing_else(sweep_world: SweepWorld) -> None:
    expected = _break(sweep_world)
    sweep_world.time += timedelta(hours=7)
    tally = sweep_world.reconcile()
    assert sweep_world.found(tally) == expected
    assert tally.differences == {"missing": 2, "stale": 4, "orphaned": 3, "unfinished": 1}
    # A dry run.
    assert (tally.queued, sweep_world.world.waiting()) == (0, 0)


def test_fixed_differences_are_gone(live_sweep: SweepWorld) -> None:
    expected = _break(live_sweep)
    live_sweep.time += timedelta(hours=7)
    tally = live_sweep.reconcile(is_fix=True)
    world = live_sweep.world
    assert (tally.total, tally.queued, world.waiting()) == (len(expected), len(expected), len(expected))
    while world.waiting():
        world.work()
    assert world.dead_letters() == []
    again = live_sweep.reconcile()
    assert live_sweep.found(again) == {}
    assert world.row("entry only.txt").state is State.TOMBSTONED
    assert world.index.entry(world.message("lost row.txt").file_id).version == 8  # type: ignore[union-attr]
    # The entry that was ahead of the ledger was replaced: its fence was passed.
    assert world.row("other entry.txt").fence == 7


def test_an_unfinished_file_is_left_alone_until_it_has_not_changed_for_long(sweep_world: SweepWorld) -> None:
    sweep_world.world.put("a.txt")
    sweep_world.claim("a.txt")
    assert sweep_world.reconcile().findings == {"in_progress": 1}
    sweep_world.time += timedelta(hours=7)
    assert sweep_world.reconcile().differences["unfinished"] == 1
    assert sweep_world.reconcile(unfinished_after=timedelta(hours=8)).total == 0


def test_an_object_written_since_the_start_is_left_to_its_event(sweep_world: SweepWorld) -> None:
    sweep_world.time -= timedelta(hours=1)
    sweep_world.world.put("a.txt")
    assert sweep_world.reconcile().findings == {"in_progress": 1}


def test_what_changed_since_it_was_read_is_no_difference(sweep_world: SweepWorld) -> None:
    """The row is written after the ledger was read, and the object deleted after it was listed."""
    for key in ("row late.txt", "object late.txt"):
        sweep_world.world.put(key)
    events = sweep_world.world.clients.dynamodb.meta.events

    def change(**_: object) -> None:
        events.unregister("before-call.dynamodb.BatchGetItem", change)
        sweep_world.index("row late.txt", version=1)
        sweep_world.commit(sweep_world.claim("row late.txt"))
        sweep_world.delete_object("object late.txt")

    events.register("before-call.dynamodb.BatchGetItem", change)
    assert sweep_world.reconcile().findings == {"matching": 1, "nothing": 1}


def test_only_the_prefix_is_compared(sweep_world: SweepWorld) -> None:
    for key in ("a/1.txt", "b/1.txt", "a"):
        sweep_world.world.put(key)
    assert sweep_world.found(sweep_world.reconcile(prefix="a/")) == {"a/1.txt": "no_row"}


def test_a_folder_marker_is_no_document(sweep_world: SweepWorld) -> None:
    sweep_world.world.put("folder/", b"")
    sweep_world.add("was/")
    sweep_world.world.put("was/", b"")
    assert sweep_world.found(sweep_world.reconcile()) == {"was/": "object_gone"}


def test_a_dead_lettered_file_is_reported_and_no_difference(sweep_world: SweepWorld) -> None:
    sweep_world.world.put("a.txt")
    sweep_world.world.table.commit(sweep_world.claim("a.txt"), Commit(state=State.DEAD_LETTERED, reason="x"))
    tally = sweep_world.reconcile()
    assert (tally.total, tally.findings) == (0, {"dead_lettered": 1})


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_a_versioned_bucket_is_compared_by_the_versions_of_a_head(
    sweep_world: SweepWorld, status: str
) -> None:
    world = sweep_world.world
    sweep_world.add("before.txt")
    world.clients.s3.put_bucket_versioning(
        Bucket=world.bucket,
        VersioningConfiguration={"Status": status},  # type: ignore[typeddict-item]
    )
    for key in (*KEYS, "overwritten.txt", "deleted.txt"):
        sweep_world.add(key)
    world.put("overwritten.txt", b"newer")
    sweep_world.delete_object("deleted.txt")
    tally = sweep_world.reconcile()
    assert sweep_world.found(tally) == {"overwritten.txt": "other_version", "deleted.txt": "object_gone"}


def test_a_stopped_run_goes_on_where_it_was(sweep_world: SweepWorld) -> None:
    for number in range(30):
        sweep_world.world.put(f"{number:02}.txt")
    batches: list[int] = []

    def stop_after_two(**_: object) -> None:
        batches.append(1)
        sweep_world.is_stopped = len(batches) == 2

    # A batch of the queue has ten messages.
    sweep_world.world.clients.sqs.meta.events.register("after-call.sqs.SendMessageBatch", stop_after_two)
    with pytest.raises(StoppedError):
        sweep_world.reconcile(save_every=10, is_fix=True)
    sweep_world.is_stopped = False
    again = sweep_world.sweep(save_every=10, is_fix=True)
    assert again.resumed_after == "19.txt"
    tally = again.run()
    assert (tally.objects, tally.total, tally.queued, sweep_world.world.waiting()) == (30, 30, 30, 30)
    assert [each["key"] for each in tally.files] == [f"{number:02}.txt" for number in range(30)]
    # It ended, and the next one begins anew.
    assert sweep_world.sweep(is_fix=True).resumed_after is None


def test_a_restart_and_another_kind_of_run_begin_anew(sweep_world: SweepWorld) -> None:
    sweep_world.is_stopped = True
    with pytest.raises(StoppedError):
        sweep_world.reconcile()
    assert sweep_world.sweep().resumed_after == ""
    assert sweep_world.sweep(is_fix=True).resumed_after is None
    assert sweep_world.sweep(is_restart=True).resumed_after is None
    sweep_world.time += timedelta(days=2)
    assert sweep_world.sweep().resumed_after is None


def test_another_machine_goes_on_without_the_snapshot(sweep_world: SweepWorld) -> None:
    for number in range(20):
        sweep_world.add(f"{number:02}.txt")
    sweep_world.is_stopped = True
    with pytest.raises(StoppedError):
        sweep_world.reconcile(save_every=5)
    sweep_world.is_stopped = False
    tally = sweep_world.reconcile(save_every=5, snapshots=sweep_world.folder / "elsewhere")
    assert (tally.objects, tally.total) == (20, 0)
