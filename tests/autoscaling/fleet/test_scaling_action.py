"""One action at a time: two runs that meet, an action that fails, bounds of the group itself."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.autoscaling.conftest import TABLE, MotoFleet
from worker.aws.autoscaling import GroupCapacity
from worker.errors import MisconfiguredError
from worker.fleet.decision import Action, Bounds
from worker.fleet.scaling_action import ScalingAction, within
from worker.fleet.scaling_services import ScalingServices

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]

StartFleet = Callable[..., MotoFleet]


def action_of(fleet: MotoFleet, *, cooldown_s: float = 300, bounds: Bounds | None = None) -> ScalingAction:
    return ScalingAction(
        services=ScalingServices(asg_name=fleet.group["AutoScalingGroupName"], queue_url=fleet.queue_url),
        bounds=bounds or Bounds(minimum=0, maximum=10),
        cooldowns_s={Action.SCALE_OUT: cooldown_s, Action.SCALE_IN: cooldown_s},
        now=fleet.clock,
    )


def before_first(client: Any, operation: str, run: Callable[[], object]) -> None:
    """Run something between the reads of a run and its write: the moment at which two runs meet."""
    calls: list[str] = []

    def hook(**_: object) -> None:
        calls.append(operation)
        if len(calls) == 1:
            run()

    client.meta.events.register(f"before-call.{operation}", hook)


def test_of_two_runs_that_decide_at_the_same_moment_one_acts(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    one, other = action_of(fleet), action_of(fleet)
    results = []
    before_first(
        one.services.row.client,  # type: ignore[attr-defined]
        "dynamodb.UpdateItem",
        lambda: results.append(other.act(Action.SCALE_OUT, 4)),
    )
    results.append(one.act(Action.SCALE_OUT, 6))
    assert [result.status for result in results] == ["SUCCESS", "COOLDOWN"]
    assert fleet.desired == 4


def test_a_sample_that_is_recorded_meanwhile_stops_no_action(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    action, manager = action_of(fleet), fleet.manager()
    before_first(action.services.row.client, "dynamodb.UpdateItem", manager.evaluate_scaling)  # type: ignore[attr-defined]
    assert action.act(Action.SCALE_OUT, 4).status == "SUCCESS"
    assert fleet.desired == 4


def test_a_stale_decision_never_shrinks_what_grew_meanwhile(start_fleet: StartFleet) -> None:
    """A run that decided on 4, and then hung for an hour in which others went to 8."""
    fleet = start_fleet(desired=8)
    result = action_of(fleet).act(Action.SCALE_OUT, 4)
    assert (result.status, result.desired_capacity) == ("UNCHANGED", 8)
    assert fleet.desired == 8
    assert action_of(fleet).act(Action.SCALE_OUT, 10).status == "SUCCESS", "nothing was done: no cooldown"


def test_an_action_that_fails_starts_no_cooldown(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    action = action_of(fleet)
    group = action.services.group
    assert isinstance(group, GroupCapacity)
    refusal = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {}}

    def refuse(**_: object) -> object:
        return SimpleNamespace(status_code=403), refusal

    call = "before-call.auto-scaling.SetDesiredCapacity"
    group.client.meta.events.register(call, refuse)
    with pytest.raises(MisconfiguredError):
        action.act(Action.SCALE_OUT, 4)
    assert fleet.desired == 2
    group.client.meta.events.unregister(call, refuse)
    assert action.act(Action.SCALE_OUT, 4).status == "SUCCESS"


def test_a_target_beyond_the_bounds_is_cut(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2, minimum=1, maximum=6)
    assert action_of(fleet, cooldown_s=0).act(Action.SCALE_OUT, 99).desired_capacity == 6
    assert fleet.desired == 6
    assert action_of(fleet, cooldown_s=0).act(Action.SCALE_IN, 0).desired_capacity == 1
    assert fleet.desired == 1


def test_the_row_says_for_people_what_was_done(start_fleet: StartFleet) -> None:
    fleet = start_fleet(desired=2)
    action_of(fleet).act(Action.SCALE_OUT, 4)
    notes = [item["note"]["S"] for item in fleet.dynamodb.scan(TableName=TABLE)["Items"]]
    assert notes == ["scale-out from 2 to 4"]


@pytest.mark.parametrize(
    ("own", "group", "both"),
    [
        ((1, 10), (0, 20), (1, 10)),
        ((0, 10), (2, 4), (2, 4)),
        ((5, 9), (0, 3), (3, 3)),
        ((0, 2), (4, 8), (4, 4)),
    ],
)
def test_the_group_never_leaves_its_own_bounds(
    own: tuple[int, int], group: tuple[int, int], both: tuple[int, int]
) -> None:
    found = within(Bounds(minimum=own[0], maximum=own[1]), *group)
    assert (found.minimum, found.maximum) == both
