"""A fault at each call of a service in turn, in stories of a few documents: then all promises hold.

Each call is met twice by a death: before it has an effect, and after. Lost answers and lost requests are the
same enumeration with a worker that lives on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.resilience.event_bodies import BUCKET, records_body
from tests.resilience.faults import Call, Fault, Kind
from tests.resilience.fleet import WORK_URL, Simulation
from tests.resilience.invariants import assert_promises, dead_letter_codes, ocr_counts
from tests.resilience.world import World

pytestmark = pytest.mark.resilience

Story = Callable[[World], None]
_DEAD_LETTERS = frozenset({"malformed_message", "source_not_allowed"})


class AtCall:
    """A plan with one fault, at the call of a number."""

    def __init__(self, number: int, fault: Fault) -> None:
        self._number = number
        self._fault = fault
        self.count = 0
        self.met = ""
        self.names: list[str] = []

    def __call__(self, call: Call) -> Fault | None:
        self.count += 1
        self.names.append(call.name)
        if self.count != self._number:
            return None
        self.met = call.name
        return self._fault


def straight(world: World) -> None:
    """A scan that is checkpointed, a file without text, and one that is deleted."""
    world.put("scan", pages=3, ocr=[1, 2, 3], ocr_s=13)
    world.put("locked", fails="encrypted")
    world.put("gone")
    world.run(5)
    world.delete("gone")
    world.run(60)


def interrupted(world: World) -> None:
    """The same with a stop in the middle of the scan, and a second worker that goes on."""
    world.put("scan", pages=6, ocr=[1, 2, 3, 4, 5, 6], ocr_s=40)
    world.put("text", pages=2)
    world.put("copy", pages=2)
    world.run(60)
    for one in world.fleet.running:
        one.signal()
    world.run(60)
    world.fleet.start()
    world.run(30)


def dead_lettered(world: World) -> None:
    """A body that is no event, and a record of a foreign bucket beside one of a file."""
    world.sqs.send(WORK_URL, "no JSON")
    world.s3.put_object(Bucket=BUCKET, Key="text", Body=b'{"pages": 1, "text": "content"}')
    world.keys.add("text")
    world.sqs.send(WORK_URL, records_body(("foreign", "text"), (BUCKET, "text")))
    world.run(30)


def play(simulation: Simulation, story: Story, plan: AtCall) -> World:
    """Play a story with one fault, and check the promises."""
    folder = tempfile.TemporaryDirectory(dir=Path("/dev/shm") if Path("/dev/shm").exists() else None)
    with folder as name, World(simulation, Path(name), seed=11) as world:
        world.faults = plan
        # Nothing is pending here, and its idle queries would be a third of the time.
        world.fleet.replayers = 0
        # Nor does a promise depend on who is registered.
        world.fleet.has_registry = False
        world.fleet.start()
        story(world)
        world.drain()
        expected = _DEAD_LETTERS if story is dead_lettered else frozenset()
        assert_promises(world, dead_letters=expected)
        assert dead_letter_codes(world) == expected
        return world


def points(simulation: Simulation, story: Story) -> list[int]:
    """The numbers of the calls of a story in which nothing fails.

    A poll between two others finds nothing, and the fleet is after it what it was before: of polls in a row
    the first and the last stand for all.
    """
    plan = AtCall(0, Fault(kind=Kind.DELAY))
    play(simulation, story, plan)
    return [number for number in range(1, plan.count + 1) if not _is_idle(plan.names, number)]


def _is_idle(names: list[str], number: int) -> bool:
    return names[max(number - 2, 0) : number + 1] == ["sqs.ReceiveMessage"] * 3


@pytest.mark.slow
@pytest.mark.timeout(3_600)  # as in test_properties.py
@pytest.mark.parametrize(
    ("story", "kind"),
    [
        (straight, Kind.DIE_BEFORE),
        (straight, Kind.DIE_AFTER),
        (straight, Kind.DROP_ANSWER),
        (interrupted, Kind.DIE_BEFORE),
        (interrupted, Kind.DIE_AFTER),
        (dead_lettered, Kind.DIE_BEFORE),
        (dead_lettered, Kind.DIE_AFTER),
    ],
    ids=lambda value: getattr(value, "__name__", None) or value.name.lower(),
)
def test_a_fault_at_any_call_breaks_no_promise(simulation: Simulation, story: Story, kind: Kind) -> None:
    failures = []
    numbers = points(simulation, story)
    assert len(numbers) > 15
    for number in numbers:
        plan = AtCall(number, Fault(kind=kind))
        try:
            world = play(simulation, story, plan)
            assert plan.met
            repeats = ocr_counts(world).most_common(1)
            assert not repeats or repeats[0][1] <= 2
        except AssertionError as error:
            failures.append(f"{kind.name} at call {number}, {plan.met}: {error}")
    assert not failures, (
        f"{len(failures)} of {len(numbers)}: {[f.splitlines()[0:3] for f in failures]}" + failures[0]
    )
