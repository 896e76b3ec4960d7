"""`python -m tests.resilience`: CHAOS_S seconds (3600) of a simulated fleet's worst days.

CHAOS_SEED=seed begins with a batch of examples that an earlier run printed. The first failure is made as
small as possible and printed, and ends the run.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from rich.console import Console

from tests.conftest import pytest_configure
from tests.resilience.fleet import Simulation
from tests.resilience.fleet_machine import FleetMachine
from tests.resilience.walk import walk

_EXAMPLES = 25
_STEPS = 40


def run_batch(simulation: Simulation, number: int) -> None:
    """Try the examples of one seed. Raises what the first that fails raises."""
    machine = type(f"Fleet{number}", (FleetMachine,), {"simulation": simulation})
    run_state_machine_as_test(
        seed(number)(machine),
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=_STEPS,
            database=None,
            derandomize=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def main() -> int:
    """Run batch after batch; 1 when a promise was broken."""
    pytest_configure()
    del os.environ["AWS_ENDPOINT_URL"]
    console = Console(width=160)
    first = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 10**9)))
    seconds = float(os.environ.get("CHAOS_S", "3600"))
    ends = time.monotonic() + seconds
    console.print(f"CHAOS_SEED={first}, {seconds:.0f} s, {_EXAMPLES} fleets of {_STEPS} events a seed")
    with Simulation() as simulation:
        for number in itertools.count(first):
            try:
                run_batch(simulation, number)
                with tempfile.TemporaryDirectory() as folder:
                    walk(simulation, Path(folder), number, has_real_readers=number % 10 == 0)
            except Exception:  # noqa: BLE001  (whatever broke is the result)
                console.print(traceback.format_exc(), markup=False)
                console.print(f"FAILED; again: CHAOS_SEED={number} make chaos", style="bold red")
                return 1
            if time.monotonic() > ends:
                console.print(f"clean: {(number - first + 1) * _EXAMPLES} fleets")
                return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
