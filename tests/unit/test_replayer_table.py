"""A table that cannot list what is pending, for good or for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from tests.unit.index_lock import index_locked
from tests.unit.pending_documents import work

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_a_ledger_without_its_index_is_reported_once_and_does_not_stop_the_worker(live: World) -> None:
    with index_locked(live):
        work(live, "a.txt")
    live.clients.dynamodb.update_table(
        TableName="files", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "pending"}}]
    )
    with capture_logs() as lines:
        for _ in range(3):
            live.replayer.step()
            live.clock.now += 200
    reports = [line for line in lines if line["event"] == "pending_index_missing"]
    assert len(reports) == 1
    assert "cis-worker init" in str(reports)
    assert not live.shutdown.is_requested


def test_a_table_that_was_refused_for_a_moment_is_asked_again_within_half_a_minute(live: World) -> None:
    with index_locked(live):
        work(live, "a.txt")
    is_refused = True

    def refuse(**_: Any) -> None:
        if is_refused:
            raise ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "Query"
            )

    live.clients.dynamodb.meta.events.register("before-call.dynamodb.Query", refuse)
    live.replayer.step()
    is_refused = False
    live.replayer.step()
    assert live.row("a.txt").pending
    live.clock.now += 30
    live.replayer.step()
    assert live.row("a.txt").pending is None
