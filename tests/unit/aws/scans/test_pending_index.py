"""One shard of the sparse index: its keys in pages, and a table that has no such index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.scans.pending_index import query_shard
from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def put(world: World, key: str, shard: str) -> None:
    world.clients.dynamodb.put_item(TableName="files", Item={"file_id": {"S": key}, "pending": {"S": shard}})


def test_a_shard_is_read_to_its_end_and_no_other_with_it(world: World) -> None:
    for key, shard in (("a", "e1"), ("b", "e1"), ("c", "e1"), ("d", "e2")):
        put(world, key, shard)
    keys: list[str] = []
    after = None
    for _ in range(3):
        page = query_shard(world.clients.dynamodb, "files", "e1", limit=2, after=after)
        keys += page.keys
        after = page.after
        if after is None:
            break
    assert (sorted(keys), after) == (["a", "b", "c"], None)


def test_a_table_without_the_index_says_what_to_do(world: World) -> None:
    world.clients.dynamodb.update_table(
        TableName="files", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "pending"}}]
    )
    with pytest.raises(MisconfiguredError, match="cis-worker init"):
        query_shard(world.clients.dynamodb, "files", "e1", limit=2)
