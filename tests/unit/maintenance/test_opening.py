"""The parts of the commands, as the settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.config import Settings
from worker.maintenance.opening import open_rerun, open_walk, open_work_queue
from worker.maintenance.pace import Pace
from worker.maintenance.progress import ProgressMeter
from worker.maintenance.rerun import RerunRequest
from worker.models.file import Rerun

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_each_part_is_on_its_queue_and_table(world: World) -> None:
    settings = Settings(
        queue_url=world.queue_url, dlq_url=world.dlq_url, results_bucket="results", file_table="files"
    )
    world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody="{}")
    with open_walk(settings, world.clients, wait=lambda _: False) as walk:
        walk.poll_wait_s = 0
        assert len(list(walk.messages())) == 1
    open_work_queue(settings, world.clients).send("{}")
    assert world.waiting() == 1
    request, meter = RerunRequest(rerun=Rerun.ALL), ProgressMeter(lambda _: None)
    rerun = open_rerun(
        settings,
        world.clients,
        request,
        pace=Pace(None, wait=lambda _: False),
        meter=meter,
        is_dry_run=True,
    )
    assert rerun.run().is_complete
    assert rerun.position.key.startswith("maintenance/rerun/")
