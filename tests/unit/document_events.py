"""Events as a receiver reads them, and a target that a test switches off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.unit.world import TABLE, World
from worker.aws.messages.event_publisher import EventPublisher
from worker.aws.messages.event_target import EventTarget
from worker.aws.other_rows.unsent_events import UnsentEvents
from worker.delivery.announcer import Announcer, make_breaker

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "document-event-1.0.json"


@cache
def validator() -> Any:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def check_event(text: str) -> Any:
    """The event of a text, which must be valid by the schema."""
    event = json.loads(text)
    validator().validate(event)
    return event


class EventQueue:
    """A queue that gets the events of end states in the world of a test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = world.clients.sqs.create_queue(QueueName="events")["QueueUrl"]
        self.announcer = Announcer(
            publisher=EventPublisher(client=world.clients.sqs, target=EventTarget.parse(self.url)),
            unsent=UnsentEvents(client=world.clients.dynamodb, table=TABLE),
            metrics=world.metrics,
        )
        world.table.announce_commits(self.announcer.announce)

    def switch_off(self) -> None:
        """Let the queue be unavailable: nobody finds it."""
        self.announcer.publisher = EventPublisher(
            client=self.world.clients.sqs, target=EventTarget.parse(f"{self.url}-gone")
        )

    def switch_on(self) -> None:
        """Let it be back, and be tried at once."""
        self.announcer.publisher = EventPublisher(
            client=self.world.clients.sqs, target=EventTarget.parse(self.url)
        )
        self.announcer.breaker = make_breaker()

    def take(self) -> list[Any]:
        """The events that have arrived since the last call, valid by the schema, by their ids."""
        events = []
        while messages := self._receive():
            events += [check_event(message["Body"]) for message in messages]
        return sorted(events, key=lambda event: str(event["id"]))

    def _receive(self) -> Sequence[Any]:
        sqs = self.world.clients.sqs
        messages = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return messages
