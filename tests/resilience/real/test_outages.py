"""Documents flow while each service in turn refuses, fails or answers nothing."""

from __future__ import annotations

import sys

import pytest

from tests.resilience.real import outages
from tests.resilience.real.outages import OutageSize
from tests.resilience.real.world import World

# On a machine that is busy otherwise it takes several times as long.
pytestmark = [pytest.mark.resilience, pytest.mark.slow, pytest.mark.timeout(3_600)]

SEED = 2


def test_nothing_is_lost_or_restarted_while_services_fail_in_turn(world: World) -> None:
    report = outages.run(world, OutageSize(documents=80, outage_s=3.0, hang_s=11.0, gap_s=0.5), seed=SEED)
    sys.stdout.write(f"{report}\n")
    assert report.broken == [], str(report)
