"""Any sequence of what happens to a fleet leaves bucket, ledger and index equal, and nothing lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.resilience.fleet import Simulation
from tests.resilience.fleet_machine import FleetMachine
from tests.resilience.walk import walk

pytestmark = pytest.mark.resilience

# In CI they are the same every time, and the nightly `make chaos` tries new ones for an hour.
_EXAMPLES = 15 if "CI" in os.environ else 40
_STEPS = 25


@pytest.mark.parametrize("seed", range(10))
def test_walks_of_a_fleet_end_well(simulation: Simulation, tmp_path: Path, seed: int) -> None:
    """One in ten has real readers: their processes answer when they do, so no search could repeat it."""
    has_real_readers = seed == 0 and shutil.which("tesseract") is not None
    world = walk(simulation, tmp_path, seed, has_real_readers=has_real_readers)
    assert world.keys


class _Days:
    """A share of the examples; each class is a scope of its own, which another process may run."""

    @pytest.mark.slow
    @pytest.mark.timeout(3_600)  # minutes of computing, on a machine that may be shared
    def test_the_worst_days_of_a_fleet_lose_nothing(self, simulation: Simulation) -> None:
        # In CI the name of the machine decides which examples are tried.
        machine: Any = type(f"{type(self).__name__}Fleet", (FleetMachine,), {"simulation": simulation})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=_EXAMPLES,
                stateful_step_count=_STEPS,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert machine.simulation is simulation


class TestFirst(_Days):
    """See _Days."""


class TestSecond(_Days):
    """See _Days."""


class TestThird(_Days):
    """See _Days."""
