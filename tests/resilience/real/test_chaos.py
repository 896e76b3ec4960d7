"""Real workers on real servers under faults at random: afterwards everything agrees."""

from __future__ import annotations

import sys

import pytest

from tests.resilience.real import chaos
from tests.resilience.real.chaos import ChaosSize
from tests.resilience.real.world import World

# On a machine that is busy otherwise it takes several times as long.
pytestmark = [pytest.mark.resilience, pytest.mark.slow, pytest.mark.timeout(3_600)]

SEED = 11


def test_ledger_index_and_bucket_agree_after_faults_at_random(world: World) -> None:
    report = chaos.run(world, ChaosSize(documents=60, faults=8), seed=SEED)
    sys.stdout.write(f"{report}\n")
    assert report.broken == [], str(report)
