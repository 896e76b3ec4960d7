"""How many processes of pytest-xdist run the tests where the command line leaves the number open.

One more than there are processors: a third of the time of tests/e2e and tests/integration is spent waiting,
for leases that must lapse, for time-outs, for servers.
"""

from __future__ import annotations

import os

import pytest

_NUMBER = "PYTEST_XDIST_AUTO_NUM_WORKERS"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Answer for `-n logical` and `-n auto`; the variable of pytest-xdist goes before."""
    return int(os.environ.get(_NUMBER) or len(os.sched_getaffinity(0)) + 1)
