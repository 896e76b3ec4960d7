"""Bodies in the results bucket, and the pointers to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from worker.delivery.message_bodies import MessageBodies
from worker.errors import DeadLetterError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_pointer_is_resolved_to_the_body_that_was_stored(world: World) -> None:
    bodies = MessageBodies(storage=world.storage)
    body = '{"s3Key": "営業"}'
    pointer = bodies.store(body)
    assert bodies.resolve(pointer) == body
    assert bodies.store(body) == pointer


@pytest.mark.parametrize("body", ["", "cis_body", '{"Records": []}', '{"cis_body": 5}', '["cis_body"]'])
def test_any_other_body_is_left_as_it_is(world: World, body: str) -> None:
    assert MessageBodies(storage=world.storage).resolve(body) == body


def test_a_body_that_is_gone_or_altered_is_an_error_with_its_key(world: World) -> None:
    bodies = MessageBodies(storage=world.storage)
    pointer = bodies.store("{}")
    key = json.loads(pointer)["cis_body"]["key"]
    world.storage.put(key, b"[]")
    with pytest.raises(DeadLetterError, match=f"{key} was altered"):
        bodies.resolve(pointer)
    world.clients.s3.delete_object(Bucket=world.storage.results_bucket, Key=key)
    with pytest.raises(DeadLetterError, match=f"{key} is not in bucket"):
        bodies.resolve(pointer)
