"""AutoScalingGroup: what an instance reports to its group; GroupCapacity: how large the group is.

A report is one attempt: its owner repeats it, because an answer that is lost after its effect changes what
the next answer means, and because it knows how much time a stop leaves. Calls about the capacity are repeated
by botocore: each may have its effect twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from worker.aws.clients import autoscaling_client
from worker.aws.translation import misconfigured, translate_errors
from worker.errors import MisconfiguredError, UnavailableError
from worker.resilience.error_classification import error_code

_VALIDATION = "ValidationError"
_NO_ACTION = "No active Lifecycle Action"
# An id that no instance has: with the right to call, the answer is a ValidationError and nothing changes.
_NO_INSTANCE = "i-00000000000000000"
_NO_GROUP = "AutoScalingGroup name not found"
_ADVICE = (
    "Check CIS_AUTOSCALING_GROUP and CIS_LIFECYCLE_HOOK, and that this instance is in service in that group."
)
_CAPACITY_ADVICE = "Check CIS_AUTOSCALING_GROUP (or --group) and the region, and the bounds of the group."
_IN_SERVICE = "InService"
_ATTEMPTS = 3
_CONFLICTS = {
    # The group is busy with an earlier change; the next run finds it done.
    "ScalingActivityInProgress": UnavailableError,
    "ResourceContention": UnavailableError,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoScalingGroup:
    """The group `name` as one of its instances sees it; `hook` is its termination hook, "" for none.

    The methods raise ThrottledError or UnavailableError (then the call may have had its effect), and
    ServiceRefusedError where the group or the permission is missing.
    """

    client: Any
    name: str
    instance_id: str = _NO_INSTANCE
    hook: str = ""

    def complete_lifecycle_action(self) -> bool:
        """Let the group go on with the termination; False when it waits for none of this instance."""
        return self._on_action(
            "complete the lifecycle action",
            self.client.complete_lifecycle_action,
            LifecycleActionResult="CONTINUE",
        )

    def record_heartbeat(self) -> bool:
        """Have the group wait for a whole time-out more; False when it waits for none of this instance."""
        return self._on_action("prolong the lifecycle action", self.client.record_lifecycle_action_heartbeat)

    def set_protection(self, is_protected: bool) -> None:
        """Protect this instance from scale-in (not from Spot interruptions), or end that."""
        with translate_errors(
            f"set the scale-in protection of {self.instance_id} in {self.name}",
            {_VALIDATION: misconfigured(_ADVICE)},
        ):
            self.client.set_instance_protection(
                InstanceIds=[self.instance_id],
                AutoScalingGroupName=self.name,
                ProtectedFromScaleIn=is_protected,
            )

    def probe_protection(self) -> None:
        """Raise what setting the protection would raise, without an effect."""
        probe = AutoScalingGroup(client=self.client, name=self.name)
        with translate_errors(f"set scale-in protection in {self.name}"):
            try:
                probe.client.set_instance_protection(
                    InstanceIds=[probe.instance_id],
                    AutoScalingGroupName=probe.name,
                    ProtectedFromScaleIn=False,
                )
            except ClientError as error:
                # What is not found is the instance, which is meant to be missing.
                if error_code(error) != _VALIDATION:
                    raise
                if _NO_GROUP in _message(error):
                    raise misconfigured(_ADVICE)(f"There is no group {self.name}.") from error

    def probe_hook(self) -> None:
        """Raise what completing the lifecycle action would raise, without an effect."""
        AutoScalingGroup(client=self.client, name=self.name, hook=self.hook).record_heartbeat()

    def _on_action(self, what: str, call: Any, **result: str) -> bool:
        with translate_errors(
            f"{what} of {self.instance_id} in {self.name} (hook {self.hook})",
            {_VALIDATION: misconfigured(_ADVICE)},
        ):
            try:
                call(
                    LifecycleHookName=self.hook,
                    AutoScalingGroupName=self.name,
                    InstanceId=self.instance_id,
                    **result,
                )
            except ClientError as error:
                if error_code(error) == _VALIDATION and _NO_ACTION.lower() in _message(error).lower():
                    return False
                raise
        return True


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMember:
    """One instance of a group. `is_protected` is from scale-in, as its worker sets it."""

    instance_id: str
    lifecycle_state: str
    is_protected: bool

    @property
    def is_in_service(self) -> bool:
        """Whether it works: neither starting nor leaving."""
        return self.lifecycle_state == _IN_SERVICE


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSize:
    """The desired capacity of a group, its bounds, its instances, and which of them it takes first."""

    desired: int
    minimum: int
    maximum: int
    members: tuple[GroupMember, ...] = ()
    termination_policies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupCapacity:
    """The capacity of the group `name`, as what scales it reads and sets it.

    Every method raises UnavailableError or ThrottledError when Auto Scaling is unavailable, and
    MisconfiguredError when the group is missing or forbidden.
    """

    client: Any
    name: str

    def read(self) -> GroupSize:
        """The group as it is now."""
        with translate_errors(f"read the group {self.name}", {_VALIDATION: misconfigured(_CAPACITY_ADVICE)}):
            answer = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        groups = answer.get("AutoScalingGroups", [])
        if not groups:
            raise MisconfiguredError(f"There is no Auto Scaling group {self.name}. {_CAPACITY_ADVICE}")
        group = groups[0]
        return GroupSize(
            desired=group["DesiredCapacity"],
            minimum=group["MinSize"],
            maximum=group["MaxSize"],
            members=tuple(
                GroupMember(
                    instance_id=each["InstanceId"],
                    lifecycle_state=each.get("LifecycleState", ""),
                    is_protected=bool(each.get("ProtectedFromScaleIn")),
                )
                for each in group.get("Instances", [])
            ),
            termination_policies=tuple(group.get("TerminationPolicies", [])),
        )

    def native_policies(self) -> tuple[str, ...]:
        """The names of the group's own scaling policies that are enabled."""
        names: list[str] = []
        with translate_errors(
            f"read the scaling policies of {self.name}", {_VALIDATION: misconfigured(_CAPACITY_ADVICE)}
        ):
            pages = self.client.get_paginator("describe_policies").paginate(AutoScalingGroupName=self.name)
            for page in pages:
                policies = page.get("ScalingPolicies", [])
                names += [each["PolicyName"] for each in policies if each.get("Enabled", True)]
        return tuple(names)

    def set_desired(self, capacity: int) -> None:
        """Have the group start or end instances; a protected one is never ended for it."""
        with translate_errors(
            f"set the desired capacity of {self.name} to {capacity}",
            {_VALIDATION: misconfigured(_CAPACITY_ADVICE), **_CONFLICTS},
        ):
            # The cooldown is the caller's: two of them would each ignore the other.
            self.client.set_desired_capacity(
                AutoScalingGroupName=self.name, DesiredCapacity=capacity, HonorCooldown=False
            )


def connect_group(name: str, *, region: str | None = None) -> GroupCapacity:
    """The capacity of a group, with a client of its own.

    Raises MisconfiguredError, naming the variable to set, when region or credentials are missing.
    """
    return GroupCapacity(client=autoscaling_client(region=region, attempts=_ATTEMPTS), name=name)
