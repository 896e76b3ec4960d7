"""The check of a drained world sees what it is there to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.resilience.event_bodies import BUCKET
from tests.resilience.fleet import DLQ_URL, WORK_URL
from tests.resilience.invariants import assert_promises
from tests.resilience.wire import TABLE
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import file_id

if TYPE_CHECKING:
    from tests.resilience.world import World

pytestmark = pytest.mark.resilience


@pytest.fixture
def drained(world: World) -> World:
    world.fleet.start()
    world.put("a", pages=2)
    world.put("b")
    world.delete("b")
    world.drain()
    assert_promises(world)
    return world


def overwrite(world: World) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="a", Body=b"x")


def forget_the_row(world: World) -> None:
    world.dynamodb.delete_item(TableName=TABLE, Key={"file_id": {"S": file_id(BUCKET, "a")}})


def change_the_row(world: World, change: str) -> None:
    world.dynamodb.update_item(
        TableName=TABLE, Key={"file_id": {"S": file_id(BUCKET, "a")}}, UpdateExpression=change
    )


def hide_in_the_index(world: World) -> None:
    index = SqliteIndex(world.folder / "index.sqlite3")
    index.tombstone(file_id(BUCKET, "a"), version=99)
    index.close()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (overwrite, "a: is .* in the bucket"),
        (lambda world: world.s3.delete_object(Bucket=BUCKET, Key="a"), "a: is gone from the bucket"),
        (lambda world: world.s3.put_object(Bucket=BUCKET, Key="b", Body=b"x"), "b: is .* in the bucket"),
        (forget_the_row, "a has no row"),
        (lambda world: change_the_row(world, "REMOVE version"), "in the bucket and None in the ledger"),
        (hide_in_the_index, "in the ledger and not in the index"),
        (lambda world: world.keys.discard("b"), "a row of a file that never was: b"),
        (lambda world: world.sqs.send(WORK_URL, "body"), "left in the queue"),
        (lambda world: world.sqs.send(DLQ_URL, "body"), "dead-lettered with the code None"),
        (lambda world: world.scheduler.errors.append("w1/heartbeat died"), "w1/heartbeat died"),
        (lambda world: world.fleet.log.append("1.00 w1/attempt error attempt_failed x"), "attempt_failed"),
    ],
)
def test_the_check_sees_the_difference(drained: World, damage: Callable[[World], object], said: str) -> None:
    damage(drained)
    with pytest.raises(AssertionError, match=said):
        assert_promises(drained)
