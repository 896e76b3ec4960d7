"""ScalingAction: changes the capacity of a group, one run at a time and not sooner than the cooldown allows.

The time of an action is written before the action: the run whose conditional write succeeds acts, another one
that decided the same at the same moment finds the cooldown. Where the action then fails, the time is taken
back; where the run dies in between, the cooldown passes without an effect and the next run acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from worker.aws.other_rows.scaling_row import Revision
from worker.errors import MisconfiguredError, WorkerError
from worker.fleet.decision import Action, Bounds
from worker.fleet.scaling_services import ScalingServices
from worker.fleet.scaling_state import ScalingState

# Others may record their samples between a read and a write, but not five times in a row.
_TRIES = 5
_NAMES = {Action.SCALE_OUT: "scale-out", Action.SCALE_IN: "scale-in"}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingResult:
    """How an action ended: SUCCESS, COOLDOWN (too soon, or another run acts), UNCHANGED (nothing to do)."""

    status: str
    message: str
    desired_capacity: int

    def __getitem__(self, name: str) -> object:
        """A value by its name, for callers that expect a mapping."""
        return getattr(self, name)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingAction:
    """The actions on one group. `now` is seconds since 1970."""

    services: ScalingServices
    bounds: Bounds
    cooldowns_s: Mapping[Action, float]
    now: Callable[[], float]

    def require_no_native_policy(self) -> None:
        """Raise MisconfiguredError where the group scales itself: two masters undo each other's changes."""
        group = self.services.group
        if names := group.native_policies():
            raise MisconfiguredError(
                f"The group {group.name} has scaling policies of its own ({', '.join(names)}), so nothing "
                "else may scale it. Disable or delete them, or leave the group to them."
            )

    def act(self, action: Action, capacity: int) -> ScalingResult:
        """Set this capacity, within the bounds, if it is one for this action."""
        self.require_no_native_policy()
        for _ in range(_TRIES):
            seen = self.services.row.read()
            state = ScalingState.from_json(seen.content)
            if left := self._cooldown_left(action, state):
                return left
            # Read after the row: a run that acted since then has replaced the row, and the write is refused.
            size = self.services.group.read()
            target = within(self.bounds, size.minimum, size.maximum).clamp(capacity)
            is_change = target > size.desired if action is Action.SCALE_OUT else target < size.desired
            if not is_change:
                message = f"No {_NAMES[action]}: the capacity is {size.desired} already."
                return ScalingResult(status="UNCHANGED", message=message, desired_capacity=size.desired)
            note = f"{_NAMES[action]} from {size.desired} to {target}"
            written = self.services.row.write(state.after(action, self.now()).to_json(), seen=seen, note=note)
            if written is not None:
                self._set(target, seen, written)
                _log.info("scaled", group=self.services.group_name, before=size.desired, after=target)
                return ScalingResult(
                    status="SUCCESS",
                    message=f"{note[0].upper()}{note[1:]}.",
                    desired_capacity=target,
                )
        message = f"No {_NAMES[action]}: other runs act on this group; the cooldown period is theirs."
        return ScalingResult(status="COOLDOWN", message=message, desired_capacity=capacity)

    def _cooldown_left(self, action: Action, state: ScalingState) -> ScalingResult | None:
        cooldown_s = self.cooldowns_s[action]
        left_s = state.cooldown_left_s(action, cooldown_s, now=self.now())
        if left_s <= 0:
            return None
        message = (
            f"No {_NAMES[action]}: {left_s:.0f} s of the cooldown period of {cooldown_s:.0f} s are left."
        )
        return ScalingResult(status="COOLDOWN", message=message, desired_capacity=self._current())

    def _current(self) -> int:
        return self.services.group.read().desired

    def _set(self, target: int, seen: Revision, written: Revision) -> None:
        try:
            self.services.group.set_desired(target)
        except WorkerError:
            # It may have had its effect all the same; then the next run finds nothing to do.
            with suppress(WorkerError):
                self.services.row.write(seen.content, seen=written, note="the action failed")
            raise


def within(bounds: Bounds, minimum: int, maximum: int) -> Bounds:
    """These bounds within those of the group itself, which it never leaves."""
    most = max(minimum, min(bounds.maximum, maximum))
    return Bounds(minimum=min(max(bounds.minimum, minimum), most), maximum=most)
