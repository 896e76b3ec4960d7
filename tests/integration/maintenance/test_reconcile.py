"""Reconcile as the real command, on servers of its own, with a real worker: a small form of the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.sweep.sweep_rows import reconcile

pytestmark = pytest.mark.integration


def test_differences_are_found_fixed_and_gone_also_after_a_kill(tmp_path: Path) -> None:
    figures = reconcile(tmp_path, count=2_000, broken=50)
    # The peak of a process begins with that of the one that forked it: here a whole suite of tests.
    assert [figure for figure in figures if not figure.met and "peak memory" not in figure.what] == []
