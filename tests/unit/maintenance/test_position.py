"""Where a command was stopped, for another machine to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.maintenance.position import PositionStore

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_position_is_kept_until_it_is_removed(world: World) -> None:
    store = PositionStore(storage=world.storage, command="rerun", bucket="b", prefix="p")
    other = PositionStore(storage=world.storage, command="rerun", bucket="b", prefix="q")
    assert store.load() is None
    store.save({"after": "x"})
    found = store.load()
    assert found is not None
    assert (found["after"], other.load()) == ("x", None)
    world.storage.put(store.key, b"damaged", content_type="application/json")
    assert store.load() is None
    store.remove()
    assert store.load() is None
