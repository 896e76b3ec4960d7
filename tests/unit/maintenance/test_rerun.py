"""Which rows a rerun means, and that it goes on where it was stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from worker.aws.file_table import Commit
from worker.aws.scans.event_sender import EventSender
from worker.aws.scans.row_scan import RowScan
from worker.errors import UnavailableError
from worker.maintenance.file_filter import FileFilter
from worker.maintenance.pace import Pace
from worker.maintenance.position import PositionStore
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.rerun import RerunCommand, RerunRequest
from worker.models.file import Rerun
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

ALL = RerunRequest(rerun=Rerun.ALL)
ROW: dict[str, Any] = {
    "file_id": "f",
    "fence": "3",
    "state": "partial",
    "reason": "timeout",
    "bucket": "docs",
    "key": "x/a.pdf",
    "file_path": "share/a.pdf",
    "file_type": "pdf",
    "pipeline_version": "3",
}


def command(world: World, request: RerunRequest = ALL, *, stop_after: int = 1_000_000) -> RerunCommand:
    takes = iter(range(1_000_000))
    return RerunCommand(
        request=request,
        scan=RowScan(client=world.clients.dynamodb, table="files", page_rows=15),
        sender=EventSender(client=world.clients.sqs, queue_url=world.queue_url),
        position=PositionStore(storage=world.storage, command="rerun", bucket="files", prefix=request.digest),
        pace=Pace(None, wait=lambda _: next(takes) >= stop_after, clock=world.clock),
        meter=ProgressMeter(lambda _: None, clock=world.clock),
    )


def fill(world: World, count: int) -> None:
    for number in range(count):
        claim = world.claim(world.put(f"{number}.txt")).claim
        world.table.commit(claim, Commit(state=State.INDEXED))


@pytest.mark.parametrize(
    ("changes", "is_wanted"),
    [
        ({}, True),
        ({"state": "tombstoned"}, False),
        ({"state": "processing"}, False),
        ({"bucket": ""}, False),
        ({"reason": "bomb"}, False),
        ({"file_type": "png"}, False),
        ({"pipeline_version": "4"}, False),
        ({"pipeline_version": ""}, True),
        ({"pipeline_version": "10"}, False),
        ({"key": "y/a.pdf"}, False),
    ],
)
def test_all_conditions_must_be_met(changes: dict[str, str], is_wanted: bool) -> None:
    files = FileFilter(reasons=frozenset({"timeout"}), types=frozenset({"pdf"}), prefix="docs/x")
    request = replace(ALL, files=files, older_than_pipeline="4")
    assert request.wants({**ROW, **changes}) is is_wanted


def test_a_state_that_is_named_is_meant_even_if_it_is_unfinished() -> None:
    request = replace(ALL, states=frozenset({State.PROCESSING}))
    assert request.wants({**ROW, "state": "processing"})
    assert not request.wants(ROW)


def test_requests_have_positions_of_their_own() -> None:
    other = replace(ALL, files=FileFilter(reasons=frozenset({"bomb", "timeout"})))
    assert len({ALL.digest, other.digest, replace(ALL, rerun=Rerun.VECTORS).digest}) == 3
    assert other.digest == replace(ALL, files=FileFilter(reasons=frozenset({"timeout", "bomb"}))).digest


def test_a_run_that_was_stopped_goes_on_and_sends_each_file_once(world: World) -> None:
    fill(world, 40)
    first = command(world, stop_after=2).run()
    assert (first.is_complete, 0 < first.sent < 40) == (False, True)
    second = command(world).run()
    assert (second.is_complete, second.is_resumed) == (True, True)
    assert (second.sent, second.scanned, second.counts) == (40, 40, {("indexed", ""): 40})
    assert world.waiting() == 40
    assert command(world).position.load() is None


def test_a_run_that_was_killed_sends_at_most_a_page_again(world: World) -> None:
    fill(world, 40)
    running = command(world)
    world.fail("sqs", "SendMessageBatch", after=3)
    with pytest.raises(UnavailableError):
        running.run()
    world.clients.sqs.meta.events.unregister("before-send.sqs.SendMessageBatch")
    position = command(world).position.load()
    assert position is not None
    assert position["sent"] <= running.result.sent


def test_a_dry_run_leaves_no_position(world: World) -> None:
    fill(world, 20)
    dry = command(world)
    dry.is_dry_run = True
    assert dry.run().sent == 20
    assert (world.waiting(), dry.position.load()) == (0, None)
