"""A small form of the drill: each of the ten ways once, with real processes on the embedded stack."""

from __future__ import annotations

import pytest

from bench.operator_drill.breakages import BREAKAGES
from bench.operator_drill.drill import run_drill

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_each_command_gets_back_what_was_broken_and_touches_nothing_else() -> None:
    report = run_drill(documents=len(BREAKAGES) + 2, broken=len(BREAKAGES))
    assert [step for step in report.steps if not step.is_passed] == []
    assert (len(report.steps), report.changed) == (10, 0)
    assert report.after.endswith("failures {}, dead letters 0")
