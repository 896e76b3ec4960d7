"""simulate: what it prints and writes, and what a fault in a scenario looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.unit.fleet.simulation.scenario_parts import scenario_values
from worker.cli.main import app
from worker.errors import Code, MisconfiguredError

pytestmark = pytest.mark.unit

SCENARIOS = Path(__file__).parents[4] / "infra" / "scenarios"


def write(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump(scenario_values(**changes)), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)], catch_exceptions=False)


def values(result: Result) -> dict[str, Any]:
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_a_scenario_becomes_figures_and_curves(tmp_path: Path) -> None:
    result = run(write(tmp_path / "plan.yaml"), "--out", tmp_path / "curves")
    assert result.exit_code == 0
    for said in ("assumed", "pages *", "cheapest static (1)", "time to drain", "OpenSearch", "plan.svg"):
        assert said in result.stdout
    assert sorted(path.name for path in (tmp_path / "curves").iterdir()) == ["plan.png", "plan.svg"]


def test_json_is_one_object_and_the_seed_decides_it(tmp_path: Path) -> None:
    path = write(tmp_path / "plan.yaml")
    first, again = (run(path, "--json", "--no-curves").stdout for _ in range(2))
    assert first == again
    found = json.loads(first)
    assert (found["chosen"], found["faults"], found["curves"]) == ("pages", [], [])
    assert [policy["policy"] for policy in found["policies"]] == ["static", "pages"]
    assert found["cheapest_static"]["peak_instances"] == 1
    other = values(run(path, "--json", "--no-curves", "--seed", "8"))
    assert (other["seed"], other["policies"] == found["policies"]) == (8, False)


def test_a_fault_is_one_line_on_stderr_with_status_2(tmp_path: Path) -> None:
    path = write(tmp_path / "plan.yaml", instances={"vcpus": 4, "boot_secs": 1})
    ended = subprocess.run(
        [sys.executable, "-m", "worker", "simulate", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"cis-worker: {path}: instances: unknown key `boot_secs` (did you mean `boot_s`?)")
    assert line.endswith("[misconfigured]")
    assert list(tmp_path.iterdir()) == [path]


def test_curves_that_cannot_be_written_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(MisconfiguredError, match=r"cannot be written to .*taken: file exists.*--no-curves"):
        run(write(tmp_path / "plan.yaml"), "--out", tmp_path / "taken")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "worker.fleet.simulation.curves", raising=False)
    with pytest.raises(
        MisconfiguredError, match=r"matplotlib.*cis-worker\[simulate\].*--no-curves"
    ) as caught:
        run(write(tmp_path / "plan.yaml"))
    assert caught.value.code is Code.PROGRAM_MISSING
    assert run(write(tmp_path / "plan.yaml"), "--no-curves").exit_code == 0


SMALLER: dict[str, dict[str, Any]] = {
    "steady": {"duration_days": 0.15},
    "office-day": {"duration_days": 0.6},
    "backfill": {
        "arrivals": [{"kind": "backfill", "documents": 120_000, "documents_per_s": 50_000}],
        "target": {"delay_s": 10_800},
    },
}


@pytest.mark.parametrize("name", SMALLER)
def test_the_chosen_policy_of_each_scenario_is_right_for_it(tmp_path: Path, name: str) -> None:
    """In a smaller size; `make simulate` runs them in full."""
    scenario = yaml.safe_load((SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8")) | SMALLER[name]
    if name == "backfill":
        # An hour of an instance on demand is a part of such a small backfill that it has not of ten millions.
        scenario["instances"]["on_demand_base"] = 0
        scenario["policies"][-1]["acceptable_delay_s"] = 7200
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    found = values(run(path, "--json", "--no-curves"))
    chosen = next(policy for policy in found["policies"] if policy["policy"] == found["chosen"])
    assert found["faults"] == []
    assert chosen["meets_target"]
    assert chosen["busy_killed"] == 0
    assert found["cheapest_static"]["meets_target"]
    assert found["instance_cost_ratio"] <= 1.1
    assert (found["fluid_check"] is not None) == (name == "backfill")
    if name == "backfill":
        assert chosen["fluid_steps"] > 0
        assert found["fluid_check"]["largest"] <= 0.02
