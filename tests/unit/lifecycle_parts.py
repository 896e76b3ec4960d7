"""The threads of a worker of the tests; it does nothing about a group, unless a test names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.aws.clients import autoscaling_client
from worker.aws.instance_metadata import InstanceMetadata
from worker.fleet.group_instance import GroupInstance
from worker.fleet.lifecycle_hook import LifecycleHook
from worker.fleet.membership import Membership
from worker.fleet.scale_in_protection import ScaleInProtection
from worker.lifecycle import Lifecycle
from worker.runtime.shutdown import Shutdown
from worker.spot_handler import SpotInterruptionHandler

if TYPE_CHECKING:
    from tests.unit.world import World


def group_instance(
    world: World, spot: SpotInterruptionHandler, *, metadata_url: str = "http://127.0.0.1:9"
) -> GroupInstance:
    membership = Membership(
        metadata=InstanceMetadata(metadata_url, timeout_s=0.2),
        connect=lambda: autoscaling_client(region="us-east-1"),
    )
    return GroupInstance(
        protection=ScaleInProtection(
            membership=membership, is_busy=lambda: bool(world.heartbeat.held()), metrics=world.metrics
        ),
        hook=LifecycleHook(membership=membership, is_leaving=lambda: spot.is_leaving, metrics=world.metrics),
    )


def make_lifecycle(
    world: World,
    *,
    timeout_s: float = 30,
    metadata_url: str = "http://127.0.0.1:9",
    shutdown: Shutdown | None = None,
) -> Lifecycle:
    # Real threads wait here, so real time passes for the latch; leases keep the test's clock.
    shutdown = shutdown or Shutdown(timeout_s=timeout_s)
    world.consumer.shutdown = world.replayer.shutdown = shutdown
    metadata = InstanceMetadata(metadata_url, timeout_s=0.2)
    spot = SpotInterruptionHandler(metadata, shutdown, world.metrics, check_interval=0.05)
    spot.requeue = world.consumer.release
    return Lifecycle(
        shutdown=shutdown,
        consumer=world.consumer,
        heartbeat=world.heartbeat,
        sandbox=world.sandbox,
        spot=spot,
        metrics=world.metrics,
        replayer=world.replayer,
        crash_detector=world.crash_detector,
        http_host="127.0.0.1",
        http_port=0,
        attempts=2,
        group=group_instance(world, spot),
    )
