"""Single stories of a simulated fleet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.resilience.invariants import check

if TYPE_CHECKING:
    from tests.resilience.world import World

pytestmark = pytest.mark.resilience


@pytest.mark.parametrize("seed", range(5))
def test_a_document_is_indexed(make_world, seed) -> None:
    t = time.process_time()
    world = make_world(seed)
    t2 = time.process_time()
    world.fleet.start()
    world.fleet.start()
    world.put("a", pages=3, ocr=[2, 3])
    world.put("b", pages=3, fails="encrypted")
    world.put("c", pages=3, ocr=[1, 2, 3], kills=2)
    world.put("d", pages=3, ocr=[1, 2, 3], ocr_s=20)
    world.put("e")
    world.delete("e")
    world.put_bytes("f", b"")
    world.drain()
    print(
        t2 - t,
        time.process_time() - t2,
        world.scheduler.now - 1e9,
        world.scheduler.switches,
        len(world.network.calls),
    )
    check(world)
