"""A worker deletes what is done in batches: soon while it works, and all of it at a stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.unit.lifecycle_parts import make_lifecycle

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_worker_that_holds_deletes_empties_its_queue_while_it_works(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    lifecycle = make_lifecycle(world)
    world.settlement.shutdown = lifecycle.shutdown
    world.settlement.hold_deletes()
    for number in range(3):
        world.put(f"{number}.txt", b"")
        world.announce(f"{number}.txt")

    emptied: list[int] = []

    def stop_when_empty() -> None:
        try:
            until(lambda: world.waiting() == 0)
            emptied.append(world.waiting())
        finally:
            lifecycle.shutdown.request("test")

    watcher = threading.Thread(target=stop_when_empty)
    watcher.start()
    assert lifecycle.run() == 0
    watcher.join()
    assert emptied == [0]


def test_a_stop_right_after_a_document_deletes_its_message(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    lifecycle = make_lifecycle(world)
    # Its clock stands still, so that no delete is due before the stop.
    world.settlement.hold_deletes()
    world.put("a", b"")
    world.announce("a")

    held: list[int] = []

    def stop_when_done() -> None:
        try:
            until(lambda: any(row.is_finished for row in world.table.rows()))
            held.append(world.waiting())
        finally:
            lifecycle.shutdown.request("test")

    watcher = threading.Thread(target=stop_when_done)
    watcher.start()
    assert lifecycle.run() == 0
    watcher.join()
    assert (held, world.waiting()) == ([1], 0)
