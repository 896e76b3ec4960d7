"""A scan that is interrupted again and again is read once."""

from __future__ import annotations

import sys

import pytest

from tests.resilience.real import interrupted_scan
from tests.resilience.real.interrupted_scan import ScanSize
from tests.resilience.real.world import World

# On a machine that is busy otherwise it takes several times as long.
pytestmark = [pytest.mark.resilience, pytest.mark.slow, pytest.mark.timeout(3_600)]

SEED = 5


def test_a_scan_interrupted_by_five_notices_is_read_once(world: World) -> None:
    size = ScanSize(pages=30, slots=1, dpi=110, most_pages=1)
    report = interrupted_scan.run_notices(world, size, seed=SEED)
    sys.stdout.write(f"{report}\n")
    assert report.broken == [], str(report)


def test_a_scan_killed_again_and_again_keeps_its_checkpoints(world: World) -> None:
    size = ScanSize(pages=11, interruptions=2, slots=1, dpi=110, most_pages=1, expecting=True)
    report = interrupted_scan.run_kills(world, size, seed=SEED)
    sys.stdout.write(f"{report}\n")
    assert report.broken == [], str(report)
