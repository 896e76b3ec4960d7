"""How simulate prints: what the verdict says, and values that JSON can hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.fleet.simulation.scenario_parts import PAGES, STEADY, backfill_scenario, make_scenario
from worker.cli.fleet.simulate_display import comparison_values, print_comparison
from worker.fleet.simulation.comparison import Comparison, compare

pytestmark = pytest.mark.unit


def overloaded() -> Comparison:
    """More than any fleet that is allowed can do."""
    return compare(
        make_scenario(
            arrivals=[STEADY | {"documents_per_hour": 40_000}],
            policies=[{"kind": "static", "instances": 1}, PAGES | {"max_capacity": 1}],
            duration_days=0.02,
            limit_days=0.03,
            max_static_instances=1,
        )
    )


def test_a_backfill_says_when_how_much_of_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(compare(backfill_scenario(2000)), [Path("plan.png")])
    printed = capsys.readouterr().out
    assert "Done: 25 % after " in printed
    assert ", 100 % after " in printed
    assert "--depth 2000" in printed
    assert printed.splitlines()[-1] == "curves: plan.png"


def test_a_policy_that_is_not_right_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(overloaded(), [])
    printed = capsys.readouterr().out
    assert "never" in printed
    assert "No static fleet of up to 1 instance meets the target." in printed
    assert "pages misses the delay target." in printed


def test_what_never_ended_is_null_in_json() -> None:
    found = json.loads(json.dumps(comparison_values(overloaded(), []), allow_nan=False))
    assert found["policies"][0]["drained_s"] is None
    assert found["policies"][0]["delay_p95_s"] is None
    assert found["cheapest_static"] is None


def test_control_characters_of_a_scenario_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_comparison(compare(make_scenario(title="a\x1b[31mb", duration_days=0.02)), [])
    assert "\x1b" not in capsys.readouterr().out
