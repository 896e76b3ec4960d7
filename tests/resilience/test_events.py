"""Each end state is announced, whatever happens to target, worker and answers; and no other."""

from __future__ import annotations

import json

import pytest

from tests.resilience.faults import Call, Fault, Kind
from tests.resilience.invariants import assert_promises
from tests.resilience.world import World
from worker.models.file import file_id

pytestmark = pytest.mark.resilience


class Once:
    """The first call of an operation meets a fault."""

    def __init__(self, operation: str, kind: Kind) -> None:
        self._operation = operation
        self._kind = kind
        self.is_met = False

    def __call__(self, call: Call) -> Fault | None:
        if self.is_met or call.operation != self._operation:
            return None
        self.is_met = True
        return Fault(kind=self._kind)


def announced(world: World) -> list[str]:
    """The ids of all events that arrived, copies too."""
    return [json.loads(message.body)["id"] for message in world.events.messages]


def live_through_three_ends(world: World) -> None:
    """A file that is indexed, indexed again and deleted."""
    world.is_orderly = True
    world.put("a")
    world.run(40)
    world.put("a", text="newer")
    world.run(40)
    world.delete("a")
    world.run(40)


def test_an_outage_of_the_target_loses_none_of_three_ends_of_one_file(world: World) -> None:
    world.fleet.start()
    world.faults = lambda call: Fault(kind=Kind.STATUS) if call.operation == "SendMessageBatch" else None
    live_through_three_ends(world)
    assert announced(world) == []
    assert not world.work.messages
    world.drain()
    assert_promises(world)
    name = file_id("source", "a")
    assert set(announced(world)) == {f"{name}-1-indexed", f"{name}-2-indexed", f"{name}-3-tombstoned"}


def test_with_nothing_wrong_each_end_is_announced_once(world: World) -> None:
    world.fleet.start()
    live_through_three_ends(world)
    world.drain()
    assert_promises(world)
    assert len(announced(world)) == len(set(announced(world))) == 3


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("SendMessageBatch", Kind.DIE_BEFORE),
        ("SendMessageBatch", Kind.DIE_AFTER),
        ("SendMessageBatch", Kind.DROP_ANSWER),
        ("Commit", Kind.DIE_AFTER),
        ("Commit", Kind.DROP_ANSWER),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name.lower(),
)
def test_a_worker_that_dies_or_hears_nothing_leaves_its_event_to_another(
    world: World, operation: str, kind: Kind
) -> None:
    world.is_orderly = True
    fault = world.faults = Once(operation, kind)
    for _ in range(2):
        world.fleet.start()
    world.put("a")
    # The lease of a dead worker, a round over all shards, and the time for which an event may be under way.
    world.run(1_200)
    assert fault.is_met
    assert set(announced(world)) == world.network.ends != set()
    world.drain()
    assert_promises(world)


def test_a_batch_that_fails_in_part_is_sent_again(world: World) -> None:
    world.fleet.start()
    world.faults = lambda call: Fault(kind=Kind.STATUS) if call.operation == "SendMessageBatch" else None
    world.is_orderly = True
    for number in range(6):
        world.put(f"{number}")
    world.run(60)
    world.faults = lambda call: (
        Fault(kind=Kind.FAIL_ENTRIES) if call.operation == "SendMessageBatch" else None
    )
    world.run(1_500)
    world.drain()
    assert_promises(world)
    assert len(set(announced(world))) == 6
