"""What a run looks like on a terminal, in a log and as JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from worker.cli.fleet.scale_display import ScaleDisplay
from worker.fleet.decision import Action, PageEstimate
from worker.fleet.scaling_manager import ScalingEvaluation, ScalingResult

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

EVALUATION = ScalingEvaluation(
    group="cis-workers",
    action=Action.SCALE_OUT,
    current_queue_depth=120,
    in_flight=8,
    current_capacity=2,
    desired_capacity=5,
    reason="128 messages, about 1024 pages, need 5 instances for a delay of 300 s.",
    workers=2,
    pages=PageEstimate(mean=8, deviation=12.5),
    instance_pages_per_minute=51.2,
)
DONE = ScalingResult(status="SUCCESS", message="Scale-out from 2 to 5.", desired_capacity=5)


def shown(
    result: ScalingResult | None, *, is_terminal: bool, evaluation: ScalingEvaluation = EVALUATION
) -> str:
    console = Console(width=80, force_terminal=is_terminal, color_system=None, highlight=False)
    display = ScaleDisplay(
        policy="work",
        is_dry_run=result is None,
        console=console,
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )
    with console.capture() as capture:
        display.show(evaluation, result)
    return capture.get()


def test_on_a_terminal_it_fits_eighty_columns() -> None:
    text = shown(DONE, is_terminal=True)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    for part in ("cis-workers", "120 waiting, 8 in flight", "8.0 ± 12.5 a document", "SCALE_OUT from 2 to 5"):
        assert part in text


def test_in_a_log_it_is_one_line() -> None:
    assert shown(DONE, is_terminal=False) == (
        "2026-01-01T00:00:00+00:00 cis-workers: SCALE_OUT from 2 to 5; 128 messages, about 1024 pages, need "
        "5 instances for a delay of 300 s. SUCCESS: Scale-out from 2 to 5.\n"
    )


def test_nothing_to_do_is_said_once() -> None:
    idle = replace(EVALUATION, action=Action.NONE, desired_capacity=2, reason="0 messages wait.")
    unchanged = ScalingResult(status="UNCHANGED", message=idle.reason, desired_capacity=2)
    assert shown(unchanged, is_terminal=False, evaluation=idle).count("0 messages wait.") == 1
    assert "NONE at 2" in shown(unchanged, is_terminal=True, evaluation=idle)


def test_a_dry_run_says_so() -> None:
    for is_terminal in (False, True):
        assert "nothing was done" in shown(None, is_terminal=is_terminal)
    assert ScaleDisplay(policy="work").values(EVALUATION, None)["status"] == "DRY_RUN"


def test_control_characters_of_a_name_do_not_reach_the_terminal() -> None:
    assert "\x1b[2J" not in shown(DONE, is_terminal=True, evaluation=replace(EVALUATION, group="a\x1b[2Jb"))


def test_a_warning_is_said_once_in_a_loop(capsys: pytest.CaptureFixture[str]) -> None:
    display = ScaleDisplay(policy="work", is_loop=True)
    for _ in range(3):
        display.show(replace(EVALUATION, warnings=("no worker is registered",)), DONE)
    assert capsys.readouterr().err.count("no worker is registered") == 1
