"""A bucket with its ledger and index, to be swept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.maintenance.sweep_world import SweepWorld
from tests.unit.world import World


@pytest.fixture
def sweep_world(world: World, tmp_path: Path) -> SweepWorld:
    return SweepWorld(world, tmp_path)


@pytest.fixture
def live_sweep(live: World, tmp_path: Path) -> SweepWorld:
    """The same with a worker that reads files."""
    return SweepWorld(live, tmp_path)
