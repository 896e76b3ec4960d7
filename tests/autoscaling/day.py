"""A day of a fleet on moto: documents arrive, instances boot, take and finish them, and a timer scales.

Only the work is simulated: group, queue, ledger's table and registry are servers, and the manager is the
production's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.autoscaling.conftest import GROUP, TABLE, MotoFleet
from worker.aws.other_rows.worker_rows import WorkerRow, WorkerRows
from worker.fleet.scaling_manager import ScalingManager

STEP_MINUTES = 5
PAGES = 250
"""Of each document: what an instance reads in one step, at 50 pages a minute."""

PREFETCH = 3
RATE = PAGES / STEP_MINUTES


@dataclass(kw_only=True)
class Instance:
    """One instance's worker: the receipts in hand, the first in work."""

    born: int
    in_hand: deque[str] = field(default_factory=deque)
    finished: deque[int] = field(default_factory=lambda: deque([0] * 12, maxlen=12))
    """Documents of the last hour, by step."""


@dataclass(kw_only=True)
class Day:
    """Steps of five minutes; what came out is in the lists."""

    fleet: MotoFleet
    manager: ScalingManager
    capacities: list[int] = field(default_factory=list)
    delays_steps: list[int] = field(default_factory=list)
    busy_ended: int = 0
    _step: int = 0
    _sent: deque[int] = field(default_factory=deque)
    _instances: dict[str, Instance] = field(default_factory=dict)

    def run(self, arrivals: Iterable[int]) -> None:
        """Each step: arrivals, the timer's run, then five minutes of work."""
        for documents in arrivals:
            self.fleet.send(documents)
            self._sent.extend([self._step] * documents)
            self.manager.apply(self.manager.evaluate_scaling())
            self._follow_group()
            self._work()
            self.capacities.append(self.fleet.desired)
            self._step += 1
            self.fleet.clock.pass_minutes(STEP_MINUTES)

    @property
    def is_drained(self) -> bool:
        return not self._sent

    def _follow_group(self) -> None:
        now = set(self.fleet.instances)
        for gone in set(self._instances) - now:
            self.busy_ended += bool(self._instances[gone].in_hand)
            del self._instances[gone]
            WorkerRows(client=self.fleet.dynamodb, table=TABLE).remove(gone)
        for new in now - set(self._instances):
            self._instances[new] = Instance(born=self._step)

    def _work(self) -> None:
        for name, instance in self._instances.items():
            if self._step == instance.born:
                continue  # it boots
            wanted = PREFETCH - len(instance.in_hand)
            was_idle = not instance.in_hand
            instance.in_hand.extend(self._receive(wanted))
            if instance.in_hand and was_idle:
                self._protect(name, is_protected=True)
            did = self._finish_one(instance)
            if did and not instance.in_hand:
                self._protect(name, is_protected=False)
            self._register(name, instance, did=did)

    def _receive(self, limit: int) -> list[str]:
        answer = self.fleet.sqs.receive_message(
            QueueUrl=self.fleet.queue_url, MaxNumberOfMessages=limit, VisibilityTimeout=43_200
        )
        return [message["ReceiptHandle"] for message in answer.get("Messages", [])]

    def _finish_one(self, instance: Instance) -> bool:
        did = bool(instance.in_hand)
        if did:
            self.fleet.finish([instance.in_hand.popleft()])
            self.delays_steps.append(self._step - self._sent.popleft() + 1)
        instance.finished.append(int(did))
        return did

    def _protect(self, name: str, *, is_protected: bool) -> None:
        self.fleet.autoscaling.set_instance_protection(
            AutoScalingGroupName=GROUP, InstanceIds=[name], ProtectedFromScaleIn=is_protected
        )

    def _register(self, name: str, instance: Instance, *, did: bool) -> None:
        now, done = int(self.fleet.clock()) + 60 * STEP_MINUTES, sum(instance.finished)
        row = WorkerRow(
            worker=name,
            instance=name,
            group=GROUP,
            documents=len(instance.in_hand) + did,
            pages_per_minute=RATE,
            documents_last_hour=done,
            pages_last_hour=done * PAGES,
            pages_squared_last_hour=done * PAGES**2,
            started_at=1,
            beat_at=now,
        )
        WorkerRows(client=self.fleet.dynamodb, table=TABLE).write(row, expires_at=now + 86_400)
