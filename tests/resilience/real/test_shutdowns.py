"""Shutdowns of real workers while a dependency hangs."""

from __future__ import annotations

import sys

import pytest

from tests.resilience.real import shutdowns
from tests.resilience.real.shutdowns import ShutdownSize
from tests.resilience.real.world import World

# On a machine that is busy otherwise it takes several times as long.
pytestmark = [pytest.mark.resilience, pytest.mark.slow, pytest.mark.timeout(3_600)]

SEED = 3


def test_each_shutdown_ends_in_time_and_loses_nothing(world: World) -> None:
    report = shutdowns.run(world, ShutdownSize(shutdowns=6, at_once=6), seed=SEED)
    sys.stdout.write(f"{report}\n")
    assert report.broken == [], str(report)
