"""A random walk over a fleet's worst days, from its seed alone, without a search for a smaller failure."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from tests.resilience.faults import Fault, Kind
from tests.resilience.fleet import Simulation
from tests.resilience.invariants import assert_promises
from tests.resilience.strict_sqs import Habits
from tests.resilience.weather import SERVICES, Weather, Window
from tests.resilience.world import World

_KEYS = ("a.json", "b.json", "c.json")
_STEPS = 25
_WORKERS = 2
_DISASTERS = (Kind.DROP_ANSWER, Kind.DROP_REQUEST, Kind.STATUS, Kind.DELAY)


def walk(simulation: Simulation, folder: Path, seed: int, *, has_real_readers: bool = False) -> World:
    """Let a fleet live through so many steps, and check the promises; returns the world as it ended."""
    habits = Habits(twice=0.05, after_delete=0.05)
    with World(simulation, folder, seed, habits) as world:
        world.fleet.has_real_readers = has_real_readers
        weather, random = Weather(world.random), world.random
        world.faults = weather
        for number in range(_STEPS):
            if len(world.fleet.running) < _WORKERS:
                world.fleet.start()
            _step(world, weather, random, f"text {number}")
            world.run(random.choice((1, 5, 20, 60)))
        world.drain()
        assert_promises(world)
        return world


def _step(world: World, weather: Weather, random: Random, text: str) -> None:
    key, one = random.choice(_KEYS), random.choice(world.fleet.running)
    match random.randrange(8):
        case 0 | 1 | 2:
            script: dict[str, Any] = random.choice(({"pages": 1}, {"pages": 3, "ocr": [2, 3], "ocr_s": 5}))
            world.put(key, text=text, **script)
        case 3:
            # An event of a file that never was would make a row that the comparison does not expect.
            if key in world.keys:
                world.delete(key)
        case 4:
            until = world.scheduler.now + random.choice((20, 60, 200))
            fault, share = Fault(kind=random.choice(_DISASTERS), delay_s=30), random.choice((0.3, 1.0))
            weather.windows.append(
                Window(until=until, service=random.choice(SERVICES), fault=fault, share=share)
            )
        case 5:
            world.scheduler.kill(one.process)
        case 6:
            world.scheduler.pause(one.process, random.choice((20, 150, 300)))
        case 7:
            one.signal()
