"""Which instances go first, and which may go, over descriptions as AWS's APIs or a program give them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from worker.aws.autoscaling import GroupSize

Instance = TypeVar("Instance")

_LAUNCH = ("launch_time", "LaunchTime", "launched_at")
_MESSAGES = ("processing_messages", "ProcessingMessages")
_PROTECTED = ("is_protected", "protected_from_scale_in", "ProtectedFromScaleIn")


def termination_order(instances: Iterable[Instance]) -> list[Instance]:
    """The instances, oldest first; those without a launch time come last.

    A launch time is a datetime, ISO 8601 or seconds since 1970.
    """
    return sorted(instances, key=lambda instance: _seconds(_first(instance, _LAUNCH)))


def safe_candidates(instances: Iterable[Instance]) -> list[Instance]:
    """Those without documents in hand and without protection, oldest first."""
    free = [each for each in instances if not (_first(each, _MESSAGES) or _first(each, _PROTECTED))]
    return termination_order(free)


def count_idle(size: GroupSize, busy_instances: frozenset[str]) -> int:
    """How many instances the group can take without ending one that has documents in hand.

    Those that start have none yet, and those that were never launched are not there at all.
    """
    idle = [
        member
        for member in size.members
        if not member.is_protected
        and member.instance_id not in busy_instances
        and (member.is_in_service or member.lifecycle_state.startswith("Pending"))
    ]
    return len(idle) + max(0, size.desired - len(size.members))


def _first(instance: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = instance.get(name) if isinstance(instance, Mapping) else getattr(instance, name, None)
        if value is not None:
            return value
    return None


def _seconds(launched: Any) -> float:
    if isinstance(launched, str):
        launched = datetime.fromisoformat(launched)
    if isinstance(launched, datetime):
        zoned = launched if launched.tzinfo else launched.replace(tzinfo=UTC)
        return zoned.timestamp()
    return math.inf if launched is None else float(launched)
