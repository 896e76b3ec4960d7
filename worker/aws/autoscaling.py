"""AutoScalingGroup: what an instance reports to its Auto Scaling group: lifecycle actions and protection.

Each call is one attempt: its owner repeats it, because an answer that is lost after its effect changes what
the next answer means, and because it knows how much time a stop leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from worker.aws.translation import misconfigured, translate_errors
from worker.resilience.error_classification import error_code

_VALIDATION = "ValidationError"
_NO_ACTION = "No active Lifecycle Action"
# An id that no instance has: with the right to call, the answer is a ValidationError and nothing changes.
_NO_INSTANCE = "i-00000000000000000"
_NO_GROUP = "AutoScalingGroup name not found"
_ADVICE = (
    "Check CIS_AUTOSCALING_GROUP and CIS_LIFECYCLE_HOOK, and that this instance is in service in that group."
)


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
