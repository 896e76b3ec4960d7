"""Settings become the loops beside the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.instance_metadata import InstanceMetadata
from worker.aws.messages.event_target import EventTarget
from worker.aws.other_rows.worker_rows import WorkerRows
from worker.composition.components import Shared
from worker.composition.side_loops import InstanceLifecycle, event_loops, registry_loop
from worker.config import load_settings
from worker.embedded.metadata_server import MetadataServer
from worker.errors import MisconfiguredError
from worker.runtime.identity import worker_identity

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def shared(world: World, **settings: object) -> Shared:
    return Shared(
        settings=load_settings(
            queue_url=world.queue_url,
            dlq_url=world.dlq_url,
            file_table="files",
            metadata_endpoint="http://127.0.0.1:9",
            **settings,
        ),
        clients=world.clients,
        sandbox=world.sandbox,
        metrics=world.metrics,
        shutdown=world.shutdown,
        interruption_expected=lambda: False,
        resources=world.resources,
    )


def test_without_a_target_nothing_is_announced(world: World) -> None:
    assert [*event_loops(shared(world), world.consumer)] == []
    assert not world.table.announces_commits


def test_with_a_target_commits_are_announced_and_the_rest_is_sent_later(world: World) -> None:
    url = world.clients.sqs.create_queue(QueueName="events")["QueueUrl"]
    (loop,) = event_loops(shared(world, events_target=url), world.consumer)
    assert world.table.announces_commits
    world.put("a.txt", b"")
    world.announce("a.txt")
    world.work()
    loop.step()
    answer = world.clients.sqs.receive_message(QueueUrl=url)
    assert '"type":"document.no_content"' in answer["Messages"][0]["Body"]
    assert b'cis_breaker_open{service="events"} 0.0' in world.metrics.render()


def test_a_bus_of_another_region_has_a_client_of_its_own(world: World) -> None:
    arn = "arn:aws:events:eu-central-1:123456789012:event-bus/default"
    (loop,) = event_loops(shared(world, events_target=arn), world.consumer)
    assert loop.name == "events"
    assert EventTarget.parse(arn).region == "eu-central-1"


@pytest.mark.parametrize("name", ["queue_url", "dlq_url"])
def test_the_workers_own_queues_are_no_targets(world: World, name: str) -> None:
    """It would take its own events for files, and announce those, for ever."""
    url = str(getattr(world, name))
    with pytest.raises(MisconfiguredError, match=f"CIS_{name.upper()}"):
        next(event_loops(shared(world, events_target=url), world.consumer))


def test_what_is_no_target_ends_the_start(world: World) -> None:
    with pytest.raises(MisconfiguredError, match="CIS_EVENTS_TARGET"):
        next(event_loops(shared(world, events_target="default"), world.consumer))


def test_the_worker_is_registered_with_its_identity_until_it_stops(world: World) -> None:
    identity = worker_identity(worker="w-1", instance="i-1", group="night")
    loop = registry_loop(shared(world), world.consumer, identity)
    rows = WorkerRows(client=world.clients.dynamodb, table="files")
    loop.step()
    (row,) = rows.read()
    assert (row.worker, row.instance, row.version, row.group) == (
        identity.worker,
        identity.instance,
        identity.version,
        identity.group,
    )
    assert (row.lifecycle, row.documents, row.pages) == ("idle", 0, 0)
    world.put("a.txt", b"")
    world.announce("a.txt")
    world.consumer.step()
    world.clock.now += 30
    loop.step()
    assert [(row.lifecycle, row.documents) for row in rows.read()] == [("working", 1)]
    world.work()
    world.shutdown.request("test")
    loop.step()
    (row,) = rows.read()
    assert (row.lifecycle, row.documents_last_hour, row.pages_last_hour) == ("stopping", 1, 0)
    assert loop.lasts
    assert loop.close is not None
    loop.close()
    assert rows.read() == ()


def test_how_the_instance_was_bought_is_asked_once_and_given_up_outside_of_ec2() -> None:
    with MetadataServer() as server:
        read = InstanceLifecycle(metadata=InstanceMetadata(server.url))
        assert [read(), read()] == ["spot", "spot"]
        requests = server.stats()["requests"]
        assert isinstance(requests, dict)
        assert requests["/latest/meta-data/instance-life-cycle"] == 1
    nowhere = InstanceLifecycle(metadata=InstanceMetadata("http://127.0.0.1:9", timeout_s=0.2))
    assert [nowhere() for _ in range(5)] == [""] * 5
    assert nowhere._tries == 3
