"""What is on a world's dead-letter queue, bodies included, and what its tests need besides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import moto.backends

if TYPE_CHECKING:
    from tests.unit.world import World


@dataclass(frozen=True)
class DeadLetter:
    body: str
    cis: dict[str, Any]


def dead_letters(world: World) -> list[DeadLetter]:
    """All messages of the queue; a second call finds none of them."""
    found: list[DeadLetter] = []
    while messages := world.clients.sqs.receive_message(
        QueueUrl=world.dlq_url, MaxNumberOfMessages=10, MessageAttributeNames=["cis"]
    ).get("Messages"):
        found += [
            DeadLetter(
                body=message["Body"], cis=json.loads(message["MessageAttributes"]["cis"]["StringValue"])
            )
            for message in messages
        ]
    return found


def metric(world: World, line: str) -> bool:
    """Whether the metrics have this line."""
    return line.encode() in world.metrics.render().splitlines()


def make_visible(world: World) -> None:
    """End the wait of every message: moto's clock is not the test's."""

    for queue in moto.backends.get_backend("sqs")["123456789012"]["us-east-1"].queues.values():
        for message in queue._messages:
            message.change_visibility(0)
