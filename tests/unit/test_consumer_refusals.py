"""Own services that refuse or do not answer for a minute, and those that never stop refusing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSPreparedRequest

from tests.unit.refusals import pass_time, received_by, refuse, share_clock
from worker.errors import ServiceRefusedError
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

REFUSALS = [
    ("sqs", "ReceiveMessage", "ExpiredToken"),
    ("sqs", "ReceiveMessage", "KMS.AccessDeniedException"),
    ("sqs", "DeleteMessageBatch", "AccessDenied"),
    ("sqs", "", "InvalidClientTokenId"),
    ("dynamodb", "GetItem", "ExpiredTokenException"),
    ("dynamodb", "UpdateItem", "AccessDeniedException"),
    ("dynamodb", "", "UnrecognizedClientException"),
    ("dynamodb", "", "ResourceNotFoundException"),
]
KEYS = [f"{number}" for number in range(6)]


@pytest.fixture(autouse=True)
def one_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    share_clock(world, monkeypatch)


def announce(world: World, keys: list[str], data: bytes = b"") -> None:
    for key in keys:
        world.put(key, data)
        world.announce(key)


def of_results(request: AWSPreparedRequest) -> bool:
    return "/results" in request.url


@pytest.mark.parametrize(("client", "operation", "code"), REFUSALS)
def test_a_minute_of_refusals_stops_nothing_and_loses_nothing(
    world: World, client: str, operation: str, code: str
) -> None:
    announce(world, ["first"])
    pass_time(world, 5)
    announce(world, KEYS)
    with refuse(world, client, operation, status=400, code=code):
        pass_time(world, 60)
    assert not world.shutdown.is_requested
    pass_time(world, 400)
    assert {world.row(key).state for key in KEYS} == {State.NO_CONTENT}
    assert world.waiting() == 0
    assert world.dead_letters() == []


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_a_minute_without_the_results_bucket_stops_nothing(live: World, operation: str) -> None:
    announce(live, ["a.txt", "b.txt"], b"text")
    with refuse(live, "s3", operation, when=of_results) as refused:
        pass_time(live, 60)
    assert refused.count > 0
    assert not live.shutdown.is_requested
    pass_time(live, 300)
    assert {live.row(key).state for key in ("a.txt", "b.txt")} == {State.INDEXED}
    assert {live.row(key).failures for key in ("a.txt", "b.txt")} == {0}


def test_messages_stay_in_the_queue_while_the_table_refuses(world: World) -> None:
    announce(world, [f"{number}" for number in range(30)])
    with refuse(world, "dynamodb", code="AccessDeniedException"):
        pass_time(world, 60)
    # The first batch, and then one from time to time.
    assert 5 <= received_by(world) <= 16
    assert not world.shutdown.is_requested


def test_a_refusal_that_lasts_stops_the_worker_and_leaves_the_messages(world: World) -> None:
    announce(world, KEYS)
    with refuse(world, "dynamodb", code="AccessDeniedException"):
        pass_time(world, 170)
        assert not world.shutdown.is_requested
        pass_time(world, 60)
    assert isinstance(world.shutdown.failure, ServiceRefusedError)
    assert "policy of the role" in str(world.shutdown.failure)
    assert world.waiting() == len(KEYS)
    assert world.dead_letters() == []


def test_a_wrong_name_in_the_settings_stops_it_at_once(world: World) -> None:
    announce(world, KEYS)
    with refuse(world, "dynamodb", status=400, code="ResourceNotFoundException"):
        world.work()
    assert isinstance(world.shutdown.failure, ServiceRefusedError)
    assert world.waiting() == len(KEYS)


def test_an_outage_of_the_table_slows_the_receiving_and_never_stops_it(world: World) -> None:
    announce(world, [f"{number}" for number in range(30)])
    with refuse(world, "dynamodb", status=400, code="InternalServerError"):
        pass_time(world, 300)
    assert received_by(world) < 60
    assert not world.shutdown.is_requested
    pass_time(world, 600)
    assert world.waiting() == 0


def test_only_one_message_now_and_then_is_received_while_the_only_bucket_is_out(world: World) -> None:
    world.source_buckets = ("source",)
    announce(world, [f"{number}" for number in range(30)])
    with refuse(world, "s3", "HeadObject"):
        pass_time(world, 60)
        assert received_by(world) <= 16
        assert world.consumer.attempts.claimer.storage.sources.is_closed()
    pass_time(world, 200)
    assert world.waiting() == 0


def test_a_throttled_poll_slows_the_next_ones(world: World) -> None:
    with refuse(world, "sqs", "ReceiveMessage", status=400, code="ThrottlingException") as refused:
        world.consumer.step()
        calls = refused.count
        for _ in range(20):
            world.consumer.step()
        assert refused.count == calls
        world.clock.now += 2
        world.consumer.step()
        assert refused.count > calls
    assert not world.shutdown.is_requested
