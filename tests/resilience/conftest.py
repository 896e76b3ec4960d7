"""A simulation, made once for all tests of this floor, and worlds in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.resilience.fleet import Simulation
from tests.resilience.strict_sqs import Habits
from tests.resilience.world import World

MakeWorld = Callable[..., World]


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL")
        with Simulation() as made:
            yield made


@pytest.fixture
def make_world(simulation: Simulation) -> Iterator[MakeWorld]:
    with ExitStack() as stack:
        # A world begins when it is entered.
        def make(seed: int = 1, habits: Habits | None = None) -> World:
            memory = Path("/dev/shm")
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir=memory if memory.exists() else None))
            return World(simulation, Path(folder), seed, habits)

        yield make


@pytest.fixture
def world(make_world: MakeWorld) -> Iterator[World]:
    with make_world() as made:
        yield made
