"""EventSender: what arrives, and what happens to entries that SQS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.world import World
from worker import events
from worker.aws.scans.event_sender import EventSender, FileEvent
from worker.errors import UnavailableError
from worker.models.file import EventType

pytestmark = pytest.mark.unit


def _event(key: str, **fields: Any) -> FileEvent:
    return FileEvent(event_type=EventType.FILE_UPLOADED, bucket="source", key=key, **fields)


def _sender(world: World) -> EventSender:
    return EventSender(client=world.clients.sqs, queue_url=world.queue_url)


def test_events_are_parsed_as_they_were_sent(world: World) -> None:
    _sender(world).send(
        [_event("営業/a b+c.txt", size_bytes=7, original_path="\\\\nas\\x", cis={"again": 3})]
    )
    message = world.receive()
    (file,) = events.parse(message.body).files
    assert (file.key, file.size_bytes, file.original_path) == ("営業/a b+c.txt", 7, "\\\\nas\\x")
    assert message.again == 3


def test_without_a_path_the_one_of_the_object_counts(world: World) -> None:
    (file,) = events.parse(_event("a.txt").body).files
    assert file.original_path is None


def test_many_events_are_sent_in_tens(world: World) -> None:
    calls: list[int] = []
    world.clients.sqs.meta.events.register("before-call.sqs.SendMessageBatch", lambda **_: calls.append(1))
    _sender(world).send([_event(f"{number}.txt") for number in range(25)])
    assert (len(calls), _sender(world).depth().visible) == (3, 25)


def test_entries_that_sqs_refuses_are_sent_again(world: World) -> None:
    answers: list[int] = []

    def refuse(parsed: dict[str, Any], **_: object) -> None:
        answers.append(1)
        if len(answers) == 1:
            parsed["Failed"] = [{"Id": parsed["Successful"].pop()["Id"], "Code": "InternalError"}]

    world.clients.sqs.meta.events.register("after-call.sqs.SendMessageBatch", refuse)
    _sender(world).send([_event("a.txt"), _event("b.txt")])
    keys = [json.loads(each.body)["s3Key"] for each in world.queue.receive(limit=10, wait_s=0)]
    assert sorted(set(keys)) == ["a.txt", "b.txt"]


def test_entries_that_are_refused_for_good_are_an_error(world: World) -> None:
    def refuse(parsed: dict[str, Any], **_: object) -> None:
        parsed["Successful"], parsed["Failed"] = [], [{"Id": "0", "Code": "Broken"}]

    world.clients.sqs.meta.events.register("after-call.sqs.SendMessageBatch", refuse)
    with pytest.raises(UnavailableError, match=r"1 of 1 messages were refused \(Broken\)"):
        _sender(world).send([_event("a.txt")])
