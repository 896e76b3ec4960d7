"""Any sequence of what happens to a fleet leaves bucket, ledger and index equal, and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.resilience.fleet import Simulation
from tests.resilience.fleet_machine import FleetMachine

pytestmark = pytest.mark.resilience

_EXAMPLES = 20
_STEPS = 25


class FirstFleet(FleetMachine):
    """In CI every class has examples of its own."""


class SecondFleet(FleetMachine):
    """See FirstFleet."""


class ThirdFleet(FleetMachine):
    """See FirstFleet."""


@pytest.mark.slow
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
