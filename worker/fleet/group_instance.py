"""GroupInstance: what an instance does about its Auto Scaling group, from its first document to its exit."""

from __future__ import annotations

from dataclasses import dataclass

from worker.fleet.lifecycle_hook import LifecycleHook
from worker.fleet.scale_in_protection import ScaleInProtection


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupInstance:
    """Protection while it works, heartbeats while it stops, the lifecycle action at its end."""

    protection: ScaleInProtection
    hook: LifecycleHook

    def step(self) -> None:
        """One turn of both; from the notice on only the hook matters."""
        if self.hook.is_leaving():
            self.hook.step()
        else:
            self.protection.step()

    def leave(self, *, within_s: float) -> None:
        """The last thing a process does: the group may end the machine at once."""
        if self.hook.is_leaving():
            self.hook.complete(within_s=within_s)
        else:
            self.protection.release()
