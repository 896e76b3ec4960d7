"""Many events, ten a call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from worker.aws.scans.event_sender import EventSender, FileEvent
from worker.errors import UnavailableError
from worker.models.file import EventType

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_all_events_arrive_with_their_attribute(world: World) -> None:
    sender = EventSender(client=world.clients.sqs, queue_url=world.queue_url)
    events = [
        FileEvent(event_type=EventType.FILE_UPLOADED, bucket="source", key=f"{number}", cis={"rerun": "all"})
        for number in range(25)
    ]
    sender.send(events)
    assert sender.depth().visible == 25
    message = world.receive()
    assert (message.cis, json.loads(message.body)["eventType"]) == ({"rerun": "all"}, "FILE_UPLOADED")
    world.fail("sqs", "SendMessageBatch")
    with pytest.raises(UnavailableError):
        sender.send(events)
