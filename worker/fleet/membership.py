"""Membership: which Auto Scaling group this instance is in, from the settings or its tags."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.aws.autoscaling import AutoScalingGroup
from worker.aws.instance_metadata import InstanceMetadata
from worker.errors import UnavailableError, WorkerError

# Set by the group itself; readable where instance metadata options allow tags.
GROUP_TAG = "aws:autoscaling:groupName"
HOOK_TAG = "cis-lifecycle-hook"
_RETRY_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class Membership:
    """Finds the group once; several threads may ask. `group` and `hook` are the settings, or ""."""

    metadata: InstanceMetadata
    connect: Callable[[], object]
    """Makes the client of Auto Scaling, when it is needed. Raises WorkerError."""
    group: str = ""
    hook: str = ""
    clock: Callable[[], float] = time.monotonic
    _found: AutoScalingGroup | None = None
    _retry_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self) -> AutoScalingGroup | None:
        """The group, None where there is none or it is not known yet. Raises nothing."""
        with self._lock:
            if self._found is None and self.clock() >= self._retry_at:
                self._found = self._look_up()
            return self._found

    def _look_up(self) -> AutoScalingGroup | None:
        try:
            name = self.group or self.metadata.tag(GROUP_TAG)
            instance_id = self.metadata.instance_id() if name else None
            if not name or not instance_id:
                # The tags of a running instance may change, a process outlives no group.
                self._retry_at = float("inf")
                if name:
                    _log.warning("instance_id_unknown", group=name)
                return None
            hook = self.hook or self.metadata.tag(HOOK_TAG) or ""
            found = AutoScalingGroup(client=self.connect(), name=name, instance_id=instance_id, hook=hook)
        except UnavailableError:
            # The monitor of notices reports it; outside EC2 there is neither service nor group.
            self._retry_at = self.clock() + _RETRY_S
            return None
        except WorkerError as error:
            self._retry_at = float("inf")
            _log.warning("autoscaling_unavailable", reason=str(error))
            return None
        _log.info("autoscaling_group", group=name, instance=instance_id, hook=hook or None)
        return found
