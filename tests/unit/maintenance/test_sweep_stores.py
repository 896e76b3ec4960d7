"""The place a command is given, and how long tombstones are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.world import World
from worker.config import Settings
from worker.errors import MisconfiguredError
from worker.maintenance.sweep_stores import make_stores, parse_location, snapshot_folder, tombstone_retention

pytestmark = pytest.mark.unit

SETTINGS = Settings(source_buckets=("source",), results_bucket="results")


@pytest.mark.parametrize(
    ("location", "prefix"),
    [
        ("s3://source", ""),
        ("s3://source/", ""),
        ("s3://source/営業/a b?#", "営業/a b?#"),
        ("s3://source//a", "/a"),
    ],
)
def test_a_location_is_bucket_and_prefix(location: str, prefix: str) -> None:
    assert parse_location(location, SETTINGS) == ("source", prefix)


@pytest.mark.parametrize("location", ["source", "s3:/source", "s3://", "https://source/a", "s3://other/a"])
def test_another_place_is_refused(location: str) -> None:
    with pytest.raises(MisconfiguredError):
        parse_location(location, SETTINGS)


def test_the_results_bucket_holds_no_documents() -> None:
    with pytest.raises(MisconfiguredError, match="results bucket"):
        parse_location("s3://results/", Settings(results_bucket="results"))


@pytest.mark.parametrize(("days", "kept"), [(1, 19), (30, 30)])
def test_tombstones_outlive_every_message(world: World, days: int, kept: int) -> None:
    """The queue keeps messages for 4 days and the dead-letter queue for 14, as they were made."""
    settings = Settings(queue_url=world.queue_url, dlq_url=world.dlq_url, tombstone_retention_days=days)
    longest = tombstone_retention(settings, world.clients)
    assert longest >= timedelta(days=kept)
    assert longest <= timedelta(days=30)


def test_missing_settings_are_named(world: World) -> None:
    with pytest.raises(MisconfiguredError, match="CIS_QUEUE_URL"):
        make_stores(SETTINGS, world.clients, world.index, "source")


def test_the_folder_of_snapshots_is_that_of_this_user(tmp_path: Path) -> None:
    assert snapshot_folder(Settings(work_dir=tmp_path)).parent == tmp_path
