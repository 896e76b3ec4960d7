"""Each loop of a worker ends in its phase of a stop, and not before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.unit.lifecycle_parts import group_instance
from worker.aws.instance_metadata import InstanceMetadata
from worker.runtime.shutdown import Shutdown
from worker.spot_handler import SpotInterruptionHandler
from worker.worker_loops import Phases, SideLoop, WorkerLoops

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

_END_S = 60.0


def _loops(world: World, phases: Phases, *side_loops: SideLoop) -> WorkerLoops:
    # Real threads wait here, so real time passes for the latch.
    shutdown = world.consumer.shutdown = world.replayer.shutdown = Shutdown(timeout_s=600)
    spot = SpotInterruptionHandler(
        InstanceMetadata("http://127.0.0.1:9", timeout_s=0.2), shutdown, world.metrics
    )
    return WorkerLoops(
        shutdown=shutdown,
        consumer=world.consumer,
        heartbeat=world.heartbeat,
        sandbox=world.sandbox,
        crash_detector=world.crash_detector,
        group=group_instance(world, spot),
        replayer=world.replayer,
        log_sweep=None,
        uploader=None,
        attempts=2,
        phases=phases,
        side_loops=side_loops,
    )


def _end(threads: list[threading.Thread]) -> bool:
    for thread in threads:
        thread.join(_END_S)
    return not any(thread.is_alive() for thread in threads)


def test_every_loop_ends_in_its_phase(world: World, until: Callable[[Callable[[], bool]], None]) -> None:
    world.sandbox.start()
    phases = Phases()
    loops = _loops(world, phases)
    threads = loops.start()
    assert [thread.name for thread in threads.attempts] == ["attempt-0", "attempt-1"]
    until(lambda: world.consumer.polled_at is not None)
    loops.shutdown.request("test")
    assert _end([threads.receiver])
    assert all(thread.is_alive() for thread in (*threads.attempts, threads.parking))
    phases.receiving_over.set()
    assert _end(threads.attempts)
    assert threads.parking.is_alive()
    phases.parking_over.set()
    assert _end([threads.parking])
    by_name = {thread.name: thread for thread in threads.others}
    assert by_name["heartbeat"].is_alive()
    assert by_name["sandbox"].is_alive()
    phases.attempts_over.set()
    phases.wake.set()
    phases.group_wake.set()
    assert _end(threads.others)


def test_a_side_loop_ends_with_the_receiving_unless_it_lasts(
    world: World, until: Callable[[Callable[[], bool]], None]
) -> None:
    world.sandbox.start()
    phases, steps = Phases(), {"short": 0, "long": 0}

    def side(name: str, *, lasts: bool) -> SideLoop:
        return SideLoop(
            name=name, step=lambda: steps.update({name: steps[name] + 1}), interval_s=600, lasts=lasts
        )

    loops = _loops(world, phases, side("short", lasts=False), side("long", lasts=True))
    threads = loops.start()
    by_name = {thread.name: thread for thread in threads.others}
    until(lambda: steps == {"short": 1, "long": 1})
    loops.shutdown.request("test")
    phases.wake.set()
    assert _end([by_name["short"]])
    assert by_name["long"].is_alive()
    for phase in (phases.receiving_over, phases.parking_over, phases.attempts_over, phases.group_wake):
        phase.set()
    assert _end([*threads.others, *threads.attempts, threads.receiver, threads.parking])
