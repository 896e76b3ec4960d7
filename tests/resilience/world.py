"""A bucket, a queue, a ledger, an index and a fleet, in virtual time; everything follows from one seed."""

from __future__ import annotations

import json
import random as global_random
from pathlib import Path
from random import Random
from typing import Any

from moto import mock_aws

from tests.resilience import simulated_threads, wire
from tests.resilience.event_bodies import BUCKET, body_of, moved_body
from tests.resilience.faults import FaultPlan, no_faults
from tests.resilience.fleet import DLQ_URL, EVENTS_URL, RESULTS, WORK_URL, Fleet, Simulation
from tests.resilience.scheduler import Scheduler
from tests.resilience.sqs_wire import SqsWire
from tests.resilience.strict_sqs import Habits, StrictSqs
from tests.resilience.wire import Network

# Later than any real monotonic clock, so that a time of the machine would be noticed.
_START_S = 10.0**9
_WALL_MS = 1_700_000_000_000
_DAY_S = 86_400
_DRAIN_S = 6 * 3600.0


class World:
    """One simulation; a context manager that ends all of its threads."""

    def __init__(self, simulation: Simulation, folder: Path, seed: int, habits: Habits | None = None) -> None:
        self.seed = seed
        self.random = Random(seed)
        # The jitter of botocore and of our own retries is drawn from the global generator.
        global_random.seed(seed)
        self.folder = folder
        self.s3 = simulation.raw.s3
        self.dynamodb = simulation.raw.dynamodb
        self.scheduler = Scheduler(Random(seed + 1), now=_START_S)
        self.sqs = StrictSqs(self.scheduler, Random(seed + 2), habits)
        self.network = Network(self.scheduler, SqsWire(self.sqs, self.scheduler, wall_ms=_wall_ms))
        self.fleet = Fleet(self.scheduler, self.network, folder)
        self.keys: set[str] = set()
        self.later: list[tuple[float, str]] = []
        self.is_orderly = False
        self._moto = mock_aws()
        self._simulation = simulation
        self._events = 0

    def __enter__(self) -> World:
        self._moto.start()
        simulated_threads.activate(self.scheduler)
        wire.use(self.network)
        self.fleet.use()
        self.work = self.sqs.create(WORK_URL, visibility_s=120, retention_s=4 * _DAY_S)
        self.dead = self.sqs.create(DLQ_URL, retention_s=14 * _DAY_S)
        self.events = self.sqs.create(EVENTS_URL, retention_s=14 * _DAY_S)
        self.work.dead_letters, self.work.max_receive_count = self.dead, 100
        for name in (BUCKET, RESULTS):
            self.s3.create_bucket(Bucket=name)
        self.dynamodb.create_table(
            TableName=wire.TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("file_id", "pending")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "pending",
                    "KeySchema": [
                        {"AttributeName": "pending", "KeyType": "HASH"},
                        {"AttributeName": "file_id", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.scheduler.close()
        simulated_threads.activate(None)
        wire.use(None)
        self._moto.stop()
        self._simulation.forget_workers()

    @property
    def faults(self) -> FaultPlan:
        return self.network.plan

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        self.network.plan = plan

    def put(self, key: str, **script: Any) -> None:
        """Put an object whose content is the script of its reading, and announce it."""
        self.put_bytes(key, json.dumps({"pages": 1, "text": f"content of {key}", **script}).encode())

    def put_bytes(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        self.keys.add(key)
        self.announce(key)

    def delete(self, key: str) -> None:
        """Delete an object, and announce it."""
        self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.announce(key, removed=True)

    def move(self, old: str, new: str) -> None:
        """Move an object, announced by one event."""
        self.s3.copy_object(Bucket=BUCKET, Key=new, CopySource={"Bucket": BUCKET, "Key": old})
        self.s3.delete_object(Bucket=BUCKET, Key=old)
        self.keys |= {old, new}
        self._send(moved_body(old, new))

    def has_object(self, key: str) -> bool:
        """Whether the bucket has an object of this key."""
        return any(item["Key"] == key for item in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []))

    def announce(self, key: str, *, removed: bool = False) -> None:
        """Send the event of a key: once and now in an orderly world, else late and twice now and then."""
        self._events += 1
        self._send(body_of(key, removed=removed, number=self._events, random=self.random))

    def _send(self, body: str) -> None:
        if self.is_orderly:
            self.sqs.send(WORK_URL, body)
            return
        for _ in range(1 if self.random.random() < 0.9 else 2):
            delay_s = 0.0 if self.random.random() < 0.7 else self.random.uniform(0, 600)
            if delay_s:
                self.later.append((self.scheduler.now + delay_s, body))
            else:
                self.sqs.send(WORK_URL, body)

    def run(self, seconds: float) -> None:
        """Let so much time pass, with the events that are due in it."""
        until = self.scheduler.now + seconds
        while self.scheduler.now < until:
            now = self.scheduler.now
            for at, body in [entry for entry in self.later if entry[0] <= now]:
                self.later.remove((at, body))
                self.sqs.send(WORK_URL, body)
            self.scheduler.elapse(min([until - now, *(at - now for at, _ in self.later)]))

    def drain(self) -> None:
        """End all faults, and let the fleet work until nothing is left to do; then stop it."""
        self.faults = no_faults
        self.sqs.habits = Habits()
        self._work_off()
        self.stop()
        while not self.is_drained:
            # A send that stood still on its way arrived while the workers stopped.
            self._work_off()
            self.stop()

    def _work_off(self) -> None:
        deadline = self.scheduler.now + _DRAIN_S
        while not self.is_drained:
            assert self.scheduler.now < deadline, f"not drained: {self.left()}"
            if not self.fleet.running or (wire.has_pending_rows() and not self.fleet.replayers):
                self.fleet.replayers = int(wire.has_pending_rows())
                self.fleet.start()
            self.run(10.0)

    def stop(self) -> None:
        """Send SIGTERM to every worker and wait until all have ended."""
        for one in self.fleet.running:
            self.scheduler.resume(one.process)
            one.signal()
        deadline = self.scheduler.now + 240.0
        while self.fleet.running:
            self.scheduler.elapse(5.0)
            assert self.scheduler.now < deadline, f"{self.fleet.running[0].name} does not end"

    @property
    def is_drained(self) -> bool:
        return not (self.work.messages or self.later or wire.has_pending_rows())

    def left(self) -> str:
        """What is not done."""
        now = self.scheduler.now
        messages = [
            f"{m.message_id} received {m.receive_count}, visible in {m.visible_at - now:.0f} s: {m.body}"
            for m in self.work.messages
        ]
        return "; ".join([*messages, f"pending rows: {wire.has_pending_rows()}"])


def _wall_ms(now: float) -> int:
    return _WALL_MS + int((now - _START_S) * 1000)
