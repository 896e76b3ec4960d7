"""The capacity of a group, on moto, and the errors that moto does not make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from worker.aws.autoscaling import GroupCapacity, connect_group
from worker.errors import MisconfiguredError, ThrottledError, UnavailableError, WorkerError

if TYPE_CHECKING:
    from tests.unit.aws.conftest import Wire

pytestmark = [pytest.mark.unit, pytest.mark.autoscaling]


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Iterator[GroupCapacity]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        client: Any = boto3.client("autoscaling", region_name="us-east-1")
        client.create_launch_configuration(
            LaunchConfigurationName="any", ImageId="ami-12c6146b", InstanceType="c7a.large"
        )
        client.create_auto_scaling_group(
            AutoScalingGroupName="g",
            LaunchConfigurationName="any",
            MinSize=1,
            MaxSize=5,
            DesiredCapacity=2,
            AvailabilityZones=["us-east-1a"],
            TerminationPolicies=["OldestInstance"],
        )
        yield connect_group("g", region="us-east-1")


def test_the_size_names_bounds_and_members(group: GroupCapacity) -> None:
    size = group.read()
    assert (size.desired, size.minimum, size.maximum) == (2, 1, 5)
    assert [(each.is_in_service, each.is_protected) for each in size.members] == [(True, False)] * 2
    assert size.termination_policies == ("OldestInstance",)


def test_the_desired_capacity_is_set(group: GroupCapacity) -> None:
    group.set_desired(4)
    assert group.read().desired == 4


def test_enabled_policies_are_named(group: GroupCapacity) -> None:
    assert group.native_policies() == ()
    for name in ("one", "two"):
        group.client.put_scaling_policy(
            AutoScalingGroupName="g", PolicyName=name, AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
        )
    assert group.native_policies() == ("one", "two")


def test_a_missing_group_is_named_with_what_to_check(group: GroupCapacity) -> None:
    missing = GroupCapacity(client=group.client, name="elsewhere")
    with pytest.raises(MisconfiguredError, match=r"no Auto Scaling group elsewhere.*CIS_AUTOSCALING_GROUP"):
        missing.read()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ScalingActivityInProgress", UnavailableError),
        ("ResourceContention", UnavailableError),
        ("Throttling", ThrottledError),
        ("ValidationError", MisconfiguredError),
        ("AccessDenied", MisconfiguredError),
    ],
)
def test_errors_say_whether_a_later_run_may_succeed(
    connect: Callable[[str], Any], wire: Wire, code: str, error: type[WorkerError]
) -> None:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>why</Message></Error></ErrorResponse>"
    wire.answer(body.encode(), status=400)
    group = GroupCapacity(client=connect("autoscaling"), name="g")
    with pytest.raises(error, match="desired capacity of g to 3"):
        group.set_desired(3)
