"""The dead-letter commands on a world, and the messages they meet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.aws.queue_manager import QueueManager
from worker.aws.row_reset import RowReset
from worker.delivery.dead_letters import DeadLetters
from worker.delivery.message_bodies import MessageBodies
from worker.errors import Code
from worker.maintenance.dead_letters.dead_letter import DeadLetter
from worker.maintenance.dead_letters.redrive import DeadLetterCommand, Redriven
from worker.maintenance.dead_letters.walk import DeadLetterFilter, DeadLetterWalk
from worker.maintenance.pace import Pace
from worker.maintenance.progress import ProgressMeter
from worker.outcome import Ending, Outcome

if TYPE_CHECKING:
    from tests.unit.world import World


@dataclass(eq=False)
class Operator:
    """What an operator does on a world; `is_stopped` may be replaced."""

    world: World
    is_stopped: Callable[[], bool] = lambda: False
    per_s: float | None = None
    now_ms: Callable[[], float] = lambda: 4e12

    def walk(self, *, hold_s: int = 120) -> DeadLetterWalk:
        world = self.world
        return DeadLetterWalk(
            queue=QueueManager(
                world.clients.sqs,
                queue_url=world.dlq_url,
                dlq_url=world.dlq_url,
                visibility_s=hold_s,
                clock=world.clock,
            ),
            bodies=MessageBodies(storage=world.storage),
            table=world.table,
            wait=self.wait,
            clock=world.clock,
            hold_s=hold_s,
            poll_wait_s=0,
        )

    def wait(self, seconds: float) -> bool:
        self.world.clock.wait(seconds)
        return self.is_stopped()

    def command(self, walk: DeadLetterWalk, **conditions: Any) -> DeadLetterCommand:
        limit = conditions.pop("limit", None)
        on_message = conditions.pop("on_message", lambda _: None)
        return DeadLetterCommand(
            walk=walk,
            wanted=DeadLetterFilter(**conditions),
            pace=Pace(self.per_s, wait=self.wait, clock=self.world.clock),
            meter=ProgressMeter(lambda _: None, clock=self.world.clock),
            now_ms=self.now_ms,
            limit=limit,
            on_message=on_message,
        )

    def list(self, **conditions: Any) -> list[DeadLetter]:
        letters: list[DeadLetter] = []
        with self.walk() as walk:
            self.command(walk, on_message=letters.append, **conditions).list()
        return letters

    def redrive(self, **conditions: Any) -> Redriven:
        with self.walk() as walk:
            reset = RowReset(client=self.world.clients.dynamodb, table="files")
            return self.command(walk, **conditions).redrive(self.world.queue, reset)

    def purge(self, *, confirmed: frozenset[str] | None = None, **conditions: Any) -> Redriven:
        with self.walk() as walk:
            return self.command(walk, **conditions).purge(confirmed)


def dead_letter(world: World, key: str, code: Code = Code.TOO_MANY_FAILURES) -> str:
    """An object whose message a worker dead-lettered; the id that the message had."""
    file = world.put(key)
    world.announce(key)
    lease = world.heartbeat.hold(world.receive())
    lease.claim = world.claim(file, message_id=lease.message.message_id).claim
    world.table.record_failure(lease.claim, code=code, message="once before")
    end = Outcome(ending=Ending.DEAD_LETTER, code=code, message=f"it was {code}", stage="extract")
    DeadLetters(queue=world.queue, table=world.table, index=world.index).send(lease, file, end, alone=True)
    world.queue.delete([lease.message])
    world.heartbeat.release(lease)
    return lease.message.message_id


def moved_by_sqs(world: World, key: str, *, failures: int = 0, owner: bool = True) -> str:
    """A message that SQS moved itself: on the queue as it was sent, its row still in progress; its id.

    moto moves nothing in a test's time, so that it is put there, and its row names it.
    """
    file = world.put(key)
    message_id = world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody=body(key))["MessageId"]
    for _ in range(failures):
        claim = world.claim(file, message_id=message_id).claim
        world.table.record_failure(claim, code="timeout", message="took too long")
    if owner:
        world.claim(file, message_id=message_id)
    return message_id


def body(key: str, bucket: str = "source") -> str:
    return json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": bucket, "s3Key": key})


def dlq_depth(world: World) -> tuple[int, int]:
    """Visible and hidden messages of the dead-letter queue."""
    depth = QueueManager(world.clients.sqs, queue_url=world.dlq_url, dlq_url="").depth()
    return depth.visible, depth.in_flight
