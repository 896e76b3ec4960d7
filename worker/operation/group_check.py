"""Check of what this worker may report to its Auto Scaling group."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from worker.aws.autoscaling import AutoScalingGroup
from worker.aws.clients import autoscaling_client
from worker.aws.instance_metadata import InstanceMetadata
from worker.config import Settings
from worker.errors import MisconfiguredError
from worker.fleet.membership import Membership
from worker.operation.finding import Check, Finding, Level, ok, warning

_GROUP = "autoscaling"
_NEITHER = (
    "no group is known: nothing is protected from scale-in, and no lifecycle action completed "
    "(CIS_AUTOSCALING_GROUP, or tags in instance metadata)"
)
_PROTECTION_ADVICE = (
    "Grant the role autoscaling:SetInstanceProtection on the group, or scale-in ends instances that have "
    "documents in hand (they are interrupted, not lost)."
)
_HOOK_ADVICE = (
    "Grant the role autoscaling:CompleteLifecycleAction and autoscaling:RecordLifecycleActionHeartbeat on "
    "the group, or each termination waits for the hook's time-out."
)


def group_checks(settings: Settings) -> list[Check]:
    """The check of the group that the settings or this instance's tags name."""
    return [
        Check(
            subject=_GROUP,
            run=lambda: group_findings(find_group(settings)),
            advice=_PROTECTION_ADVICE,
            worst=Level.WARNING,
        )
    ]


def find_group(settings: Settings) -> AutoScalingGroup | None:
    """The group of this instance; that of the settings also where this machine is no instance of it.

    Raises WorkerError without region or credentials.
    """
    member = Membership(
        metadata=InstanceMetadata(settings.metadata_endpoint),
        connect=lambda: autoscaling_client(region=settings.aws_region),
        group=settings.autoscaling_group,
        hook=settings.lifecycle_hook,
    ).find()
    if member is not None or not settings.autoscaling_group:
        return member
    return AutoScalingGroup(
        client=autoscaling_client(region=settings.aws_region),
        name=settings.autoscaling_group,
        hook=settings.lifecycle_hook,
    )


def group_findings(group: AutoScalingGroup | None) -> Sequence[Finding]:
    """What the role may do in the group, found without an effect. Raises WorkerError for an outage."""
    if group is None:
        return [ok(_GROUP, _NEITHER)]
    problems = _try(group.probe_protection, _PROTECTION_ADVICE)
    if group.hook:
        problems += _try(group.probe_hook, _HOOK_ADVICE)
    if problems:
        return problems
    hook = f"lifecycle actions of {group.hook}" if group.hook else "no lifecycle hook is set"
    return [ok(_GROUP, f"{group.name}: scale-in protection may be set; {hook}")]


def _try(probe: Callable[[], None], advice: str) -> list[Finding]:
    try:
        probe()
    except MisconfiguredError as error:
        # The worker runs without it.
        return [warning(_GROUP, str(error), advice)]
    return []
