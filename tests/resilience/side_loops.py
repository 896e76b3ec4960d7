"""The loops beside the documents that a simulated worker has, with pauses for a simulation of hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from worker.lifecycle import Lifecycle
from worker.worker_loops import SideLoop

_REGISTRY_INTERVAL_S = 20.0
_EVENTS_INTERVAL_S = 100.0


def choose_side_loops(lifecycle: Lifecycle, *, has_replay: bool, has_registry: bool) -> None:
    """Leave a worker those of its loops that the story wants."""

    def chosen() -> Iterator[SideLoop]:
        for loop in lifecycle.side_loops:
            if loop.name == "events" and has_replay:
                yield replace(loop, interval_s=_EVENTS_INTERVAL_S)
            elif loop.name == "registry" and has_registry:
                yield replace(loop, interval_s=_REGISTRY_INTERVAL_S)

    lifecycle.side_loops = tuple(chosen())
