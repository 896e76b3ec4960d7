"""Any sequence of what happens to a fleet leaves bucket, ledger and index equal, and nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.resilience.fleet import Simulation
from tests.resilience.fleet_machine import FleetMachine
from tests.resilience.walk import walk

pytestmark = pytest.mark.resilience

_EXAMPLES = 100
_STEPS = 25


class FirstFleet(FleetMachine):
    """In CI every class has examples of its own."""


class SecondFleet(FleetMachine):
    """See FirstFleet."""


class ThirdFleet(FleetMachine):
    """See FirstFleet."""


@pytest.mark.parametrize("seed", range(10))
def test_walks_of_a_fleet_end_well(simulation: Simulation, tmp_path: Path, seed: int) -> None:
    """One in ten has real readers: their processes answer when they do, so no search could repeat it."""
    has_real_readers = seed == 0 and shutil.which("tesseract") is not None
    world = walk(simulation, tmp_path, seed, has_real_readers=has_real_readers)
    assert world.keys


@pytest.mark.slow
@pytest.mark.timeout(3_600)  # minutes of computing, on a machine that may be shared
@pytest.mark.parametrize("machine", [FirstFleet, SecondFleet, ThirdFleet])
def test_the_worst_days_of_a_fleet_lose_nothing(simulation: Simulation, machine: type[FleetMachine]) -> None:
    machine.simulation = simulation
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=_STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.simulation is simulation
