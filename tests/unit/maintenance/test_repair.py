"""Repair: which event settles a difference, and when a fence is raised for it."""

from __future__ import annotations

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld
from worker.maintenance.comparison import EntryState, Finding
from worker.maintenance.repair import Candidate, Evidence, Repair
from worker.models.file import EventType, ObjectVersion

pytestmark = pytest.mark.unit

VERSION = ObjectVersion(etag='"e"', size_bytes=9)


def _repair(it: SweepWorld) -> Repair:
    return Repair(scan=it.stores.scan, bucket="source")


def _candidate(it: SweepWorld, key: str) -> Candidate:
    return Candidate(key=key, file_id=it.world.message(key).file_id, listed=None)


def test_an_upload_carries_size_and_the_path_that_users_know(sweep_world: SweepWorld) -> None:
    row = {"fence": "1", "state": "indexed", "file_path": "\\\\nas\\a.txt"}
    event = _repair(sweep_world).event(
        _candidate(sweep_world, "a.txt"),
        Finding.OTHER_VERSION,
        Evidence(version=VERSION, row=row, entry=None),
    )
    assert event is not None
    assert (event.event_type, event.size_bytes, event.original_path, event.cis) == (
        EventType.FILE_UPLOADED,
        9,
        "\\\\nas\\a.txt",
        {},
    )


@pytest.mark.parametrize(
    "row",
    [None, {"fence": "1", "file_path": "a.txt"}, {"fence": "1", "state": "tombstoned", "file_path": "x"}],
)
def test_without_such_a_path_that_of_the_object_counts(
    sweep_world: SweepWorld, row: dict[str, str] | None
) -> None:
    event = _repair(sweep_world).event(
        _candidate(sweep_world, "a.txt"), Finding.NO_ROW, Evidence(version=None, row=row, entry=None)
    )
    assert event is not None
    assert (event.event_type, event.original_path) == (EventType.FILE_DELETED, None)


def test_a_row_that_was_claimed_meanwhile_is_left_to_that_attempt(sweep_world: SweepWorld) -> None:
    sweep_world.world.put("a.txt")
    sweep_world.claim("a.txt")
    entry = EntryState(file_id="f", key="a.txt", fence=9)
    evidence = Evidence(version=VERSION, row={"fence": "1", "state": "indexed"}, entry=entry)
    candidate = _candidate(sweep_world, "a.txt")
    assert _repair(sweep_world).event(candidate, Finding.OTHER_ENTRY, evidence) is None
    assert sweep_world.world.row("a.txt").fence == 1
