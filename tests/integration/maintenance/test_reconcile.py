"""Reconcile as the real command, on servers of its own, with a real worker: a small form of the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.sweep.sweep_rows import reconcile

pytestmark = pytest.mark.integration


def test_differences_are_found_fixed_and_gone_also_after_a_kill(tmp_path: Path) -> None:
    missed = [figure for figure in reconcile(tmp_path, count=2_000, broken=50) if not figure.met]
    assert missed == []
