"""Files whose source refuses them: by their own fault, or by that of the bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSPreparedRequest

from tests.unit.refusals import pass_time, received_by, refuse, share_clock
from worker.aws.file_table import Commit
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

# KMS, the clock and a missing bucket have codes of their own, a HEAD has only its status.
REFUSALS = [
    ("HeadObject", 403, "AccessDenied"),
    ("HeadObject", 400, "ExpiredToken"),
    ("GetObject", 403, "AccessDenied"),
    ("GetObject", 400, "KMS.DisabledException"),
    ("GetObject", 403, "RequestTimeTooSkewed"),
    ("GetObject", 404, "NoSuchBucket"),
]


@pytest.fixture(autouse=True)
def one_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    share_clock(world, monkeypatch)


def of_source(request: AWSPreparedRequest) -> bool:
    return "/source" in request.url


def announce(world: World, keys: list[str]) -> None:
    for key in keys:
        world.put(key, f"text {key}".encode())
        world.announce(key)


def test_forty_healthy_files_outlive_a_403(live: World) -> None:
    keys = [f"{number}.txt" for number in range(40)]
    announce(live, keys)
    with refuse(live, "s3", when=of_source) as refused:
        pass_time(live, 60)
    assert 2 <= refused.count < 20
    assert [*live.table.rows()] == []
    assert live.waiting() == 40
    pass_time(live, 240)
    assert received_by(live) <= 4 * 40
    assert {live.row(key).state for key in keys} == {State.INDEXED}
    assert {live.row(key).failures for key in keys} == {0}
    assert live.waiting() == 0
    assert live.dead_letters() == []


@pytest.mark.parametrize(("operation", "status", "code"), REFUSALS)
def test_no_refusal_of_a_whole_bucket_dead_letters_or_stops(
    live: World, operation: str, status: int, code: str
) -> None:
    keys = [f"{number}.txt" for number in range(3)]
    announce(live, keys)
    with refuse(live, "s3", operation, status=status, code=code, when=of_source):
        pass_time(live, 200)
    assert live.dead_letters() == []
    assert {row.failures for row in live.table.rows()} <= {0}
    assert not live.shutdown.is_requested
    pass_time(live, 400)
    assert {live.row(key).state for key in keys} == {State.INDEXED}


def test_an_allowed_bucket_that_is_missing_waits(world: World) -> None:
    world.bucket = "missing"
    world.announce("a")
    pass_time(world, 300)
    assert world.dead_letters() == []
    assert world.waiting() == 1
    assert 3 <= received_by(world) < 10
    assert not world.shutdown.is_requested


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_one_file_refused_while_others_succeed_is_dead_lettered_after_its_retries(
    live: World, operation: str
) -> None:
    announce(live, ["bad.txt"])
    with refuse(live, "s3", operation, when=lambda request: "bad.txt" in request.url) as refused:
        for number in range(12):
            announce(live, [f"{number}.txt"])
            pass_time(live, 20)
    assert 3 <= refused.count <= 6
    (message,) = live.dead_letters()
    assert message["code"] == "source_forbidden"
    row = live.row("bad.txt")
    assert (row.state, row.reason, row.failures) == (State.DEAD_LETTERED, "source_forbidden", 2)
    assert {live.row(f"{number}.txt").state for number in range(12)} == {State.INDEXED}


def test_a_file_refused_alone_ends(world: World) -> None:
    world.put("bad", b"")
    world.announce("bad")
    with refuse(world, "s3", "HeadObject"):
        pass_time(world, 890, step_s=10)
        assert world.dead_letters() == []
        pass_time(world, 1_000, step_s=10)
    assert world.dead_letters()[0]["code"] == "source_forbidden"


def test_a_refused_file_keeps_the_checkpoint_of_its_version(world: World) -> None:
    file = world.put("bad", b"text")
    claim = world.claim(file).claim
    world.table.release(claim, interrupted=True)
    job = world.claimer.claim_refused(file, message_id="m2")
    assert job is not None
    world.table.record_failure(job.claim, code="source_forbidden", message="403")
    row = world.row("bad")
    assert (row.failures, row.interruptions) == (1, 1)
    assert row.version == world.storage.head("source", "bad").version


def test_a_refused_file_that_another_attempt_holds_is_left_alone(world: World) -> None:
    file = world.put("bad", b"text")
    world.other.claim(file, message_id="theirs", version="v", seen=None, attempt="theirs")
    assert world.claimer.claim_refused(file, message_id="mine") is None


def test_a_new_version_that_is_refused_starts_its_count_over(world: World) -> None:
    file = world.put("bad", b"text")
    world.table.commit(world.claim(file).claim, Commit(state=State.INDEXED))
    job = world.claimer.claim_refused(file, message_id="m2")
    assert job is not None
    assert (job.failures, world.row("bad").version) == (0, None)


def test_a_message_is_dead_lettered_when_its_bucket_refuses_for_more_than_a_week(world: World) -> None:
    sent_ms = _now_ms(world)
    for key, days in {"old": 8, "young": 6}.items():
        body = {"eventType": "FILE_UPLOADED", "s3Bucket": "source", "s3Key": key}
        world.queue.send(json.dumps(body), cis={"first_seen": sent_ms - days * 24 * 3_600_000})
    with refuse(world, "s3", "HeadObject"):
        pass_time(world, 100)
    (message,) = world.dead_letters()
    assert message["code"] == "source_forbidden"
    assert "7 days" in str(message["reason"])
    assert world.row("old").state is State.DEAD_LETTERED
    assert world.waiting() == 1


def _now_ms(world: World) -> int:
    """SQS's clock, from a message that is sent for it."""
    world.queue.send("clock")
    message = world.receive()
    world.queue.delete([message])
    return message.sent_at_ms


def test_a_forged_bucket_ends_its_own_message_only(world: World) -> None:
    world.source_buckets = ()
    world.put("good", b"")
    world.announce("good")
    for number in range(3):
        body = {"eventType": "FILE_UPLOADED", "s3Bucket": "forged", "s3Key": f"{number}"}
        world.queue.send(json.dumps(body))
    pass_time(world, 120)
    assert world.row("good").state is State.NO_CONTENT
    assert [message["code"] for message in world.dead_letters()] == ["source_missing"] * 3
    assert world.waiting() == 0
