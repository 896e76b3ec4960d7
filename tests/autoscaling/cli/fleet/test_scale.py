"""`cis-worker scale` on moto: once, dry, in a loop, and what it refuses."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.autoscaling.conftest import GROUP, TABLE, MotoFleet
from worker.cli.main import app
from worker.errors import MisconfiguredError, UnavailableError
from worker.fleet.scaling_manager import ScalingEvaluation, ScalingManager

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

STEP = ("--policy", "step")


@pytest.fixture
def fleet(start_fleet: Callable[..., MotoFleet], monkeypatch: pytest.MonkeyPatch) -> MotoFleet:
    fleet = start_fleet(desired=2)
    monkeypatch.setenv("CIS_AUTOSCALING_GROUP", GROUP)
    monkeypatch.setenv("CIS_QUEUE_URL", fleet.queue_url)
    return fleet


def scale(*options: str) -> Result:
    return CliRunner().invoke(app, ["scale", *options])


def values(*options: str) -> dict[str, Any]:
    result = scale(*options, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_dry_run_says_what_would_be_done_and_does_nothing(fleet: MotoFleet) -> None:
    fleet.send(40)
    result = scale(*STEP, "--dry-run")
    assert result.exit_code == 0
    assert (
        "SCALE_OUT from 2 to 4; 40 messages wait, more than 10. dry run, nothing was done." in result.stdout
    )
    assert fleet.desired == 2
    assert fleet.dynamodb.scan(TableName=TABLE)["Items"] == []


def test_runs_of_a_timer_keep_the_cooldown(fleet: MotoFleet) -> None:
    fleet.send(40)
    first, second = values(*STEP), values(*STEP)
    assert (first["action"], first["status"], first["desired_capacity"]) == ("SCALE_OUT", "SUCCESS", 4)
    assert (second["action"], second["status"]) == ("SCALE_OUT", "COOLDOWN")
    assert "cooldown period of 300 s" in second["message"]
    assert fleet.desired == 4


def test_work_says_what_it_counts_with(fleet: MotoFleet) -> None:
    fleet.send(20)
    found = values("--pages-per-document", "100", "--pages-per-minute", "50", "--delay", "780", "--max", "5")
    # 2000 pages, in the ten minutes that boot leaves of the delay; the spread of the forecast asks for more.
    assert (found["action"], found["desired_capacity"]) == ("SCALE_OUT", 5)
    assert (found["pages_per_document"], found["instance_pages_per_minute"]) == (100, 50)
    assert found["workers"] is None
    assert any("No worker is registered" in warning for warning in found["warnings"])


def test_a_group_that_scales_itself_is_refused(fleet: MotoFleet) -> None:
    fleet.send(40)
    fleet.add_native_policy()
    result = scale(*STEP)
    assert isinstance(result.exception, MisconfiguredError)
    assert result.stdout == ""
    dry = scale(*STEP, "--dry-run")
    assert "SCALE_OUT from 2 to 4" in dry.stdout
    assert isinstance(dry.exception, MisconfiguredError)
    assert fleet.desired == 2


def test_a_loop_survives_an_outage_and_ends_at_a_signal(
    fleet: MotoFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.send(40)
    evaluate, runs = ScalingManager.evaluate_scaling, []

    def meet_the_weather(manager: ScalingManager, *, record: bool = True) -> ScalingEvaluation:
        runs.append(record)
        if len(runs) == 1:
            raise UnavailableError("Could not read the group.")
        signal.raise_signal(signal.SIGINT)
        return evaluate(manager, record=record)

    monkeypatch.setattr(ScalingManager, "evaluate_scaling", meet_the_weather)
    result = scale(*STEP, "--loop", "--interval", "1")
    assert result.exit_code == 130
    assert "Could not read the group." in result.stderr
    assert "SCALE_OUT from 2 to 4" in result.stdout
    assert fleet.desired == 4, "the run that was under way at the signal was finished"


def test_bounds_that_exclude_each_other_are_refused() -> None:
    assert isinstance(scale("--min", "3", "--max", "2").exception, MisconfiguredError)
