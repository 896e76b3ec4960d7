"""Position: saved, loaded by another machine, and forgotten."""

from __future__ import annotations

import pytest

from tests.unit.world import World
from worker.maintenance.position import PositionStore

pytestmark = pytest.mark.unit


def _store(world: World, prefix: str = "営業/") -> PositionStore:
    return PositionStore(storage=world.storage, command="backfill", bucket="source", prefix=prefix)


def test_a_position_is_loaded_as_it_was_saved(world: World) -> None:
    assert _store(world).load() is None
    _store(world).save({"after": "営業/a+b \U0001f600.txt", "objects": 7})
    loaded = _store(world).load()
    assert loaded is not None
    assert (loaded["after"], loaded["objects"]) == ("営業/a+b \U0001f600.txt", 7)
    assert _store(world, "other/").load() is None
    _store(world).remove()
    assert _store(world).load() is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": 99, "after": "a"}'])
def test_what_this_version_cannot_read_is_no_position(world: World, data: bytes) -> None:
    world.storage.put(_store(world).key, data)
    assert _store(world).load() is None
