"""What a worker does beside its documents, made from its settings: its entry in the fleet, its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from worker.aws.clients import target_client
from worker.aws.instance_metadata import InstanceMetadata
from worker.aws.messages.event_publisher import EventPublisher
from worker.aws.messages.event_target import EventTarget, TargetKind
from worker.aws.other_rows.unsent_events import UnsentEvents
from worker.aws.other_rows.worker_rows import WorkerRows
from worker.composition.components import Shared
from worker.consumer import Consumer
from worker.delivery import event_replay
from worker.delivery.announcer import Announcer
from worker.delivery.event_replay import EventReplay
from worker.errors import MisconfiguredError, UnavailableError
from worker.fleet.registry import InHand, Registry
from worker.runtime.identity import Identity
from worker.runtime.machine.allocator import release_free_memory
from worker.services import export_state
from worker.worker_loops import SideLoop

# Half of what is measured between two steps may be wrong: a beat is six of them.
_REGISTRY_S = 5.0
_METADATA_TRIES = 3
_MEMORY_S = 20.0


@dataclass(kw_only=True, slots=True, eq=False)
class InstanceLifecycle:
    """How this instance was bought, read once; "" while that is not known, and outside EC2."""

    metadata: InstanceMetadata
    _value: str = ""
    _tries: int = 0

    def __call__(self) -> str:
        """The value, asked for at most three times."""
        if not self._value and self._tries < _METADATA_TRIES:
            self._tries += 1
            try:
                self._value = self.metadata.instance_lifecycle() or ""
            except UnavailableError:
                # The monitor of notices reports it.
                return ""
        return self._value


def make_side_loops(shared: Shared, consumer: Consumer, identity: Identity) -> tuple[SideLoop, ...]:
    """All of them. Raises MisconfiguredError for a setting that names no target of events."""
    return (registry_loop(shared, consumer, identity), *event_loops(shared, consumer), memory_loop())


def memory_loop() -> SideLoop:
    """The loop that returns free memory to the system: what scans needed, texts do not."""
    return SideLoop(name="memory", step=release_free_memory, interval_s=_MEMORY_S)


def registry_loop(shared: Shared, consumer: Consumer, identity: Identity) -> SideLoop:
    """The loop that keeps this worker's entry, and removes it at a clean stop."""
    settings, metrics = shared.settings, shared.metrics
    registry = Registry(
        rows=WorkerRows(client=shared.clients.dynamodb, table=settings.file_table),
        identity=identity,
        observe=lambda: InHand(
            lifecycle=_lifecycle(shared, consumer),
            documents=consumer.in_flight,
            pages=shared.sandbox.pages_left,
        ),
        pages_read=metrics.pages_read,
        recent_work=consumer.attempts.recent_work,
        # A client of its own: that of the monitor belongs to the monitor's thread.
        instance_lifecycle=InstanceLifecycle(metadata=InstanceMetadata(settings.metadata_endpoint)),
        clock=shared.shutdown.now,
    )
    return SideLoop(
        name="registry", step=registry.step, interval_s=_REGISTRY_S, lasts=True, close=registry.close
    )


def event_loops(shared: Shared, consumer: Consumer) -> Iterator[SideLoop]:
    """Have end states announced, where a target is set; the loop that sends what could not be sent.

    Raises MisconfiguredError for a setting that names no target.
    """
    settings = shared.settings
    if not settings.events_target:
        return
    target = EventTarget.parse(settings.events_target)
    for url, name in ((settings.queue_url, "CIS_QUEUE_URL"), (settings.dlq_url, "CIS_DLQ_URL")):
        if target.is_queue(url):
            raise MisconfiguredError(
                f"CIS_EVENTS_TARGET is the queue of {name}: a worker would take its own events for files. "
                "Give them a queue of their own."
            )
    table = consumer.attempts.processor.table
    announcer = Announcer(
        publisher=EventPublisher(client=_client(shared, target), target=target),
        unsent=UnsentEvents(client=shared.clients.dynamodb, table=settings.file_table),
        metrics=shared.metrics,
    )
    export_state(shared.metrics, announcer.breaker)
    table.announce_commits(announcer.announce)
    replay = EventReplay(
        announcer=announcer,
        unsent=announcer.unsent,
        table=table,
        shutdown=shared.shutdown,
        metrics=shared.metrics,
        random=Random(),
    )
    yield SideLoop(name="events", step=replay.step, interval_s=event_replay.INTERVAL_S)


def _client(shared: Shared, target: EventTarget) -> Any:
    """The client of a target; that of the worker's own queue where it is a queue of the same region."""
    sqs = shared.clients.sqs
    if target.kind is TargetKind.QUEUE and target.region in ("", sqs.meta.region_name):
        return sqs
    return target_client(target.kind.value, region=target.region or shared.settings.aws_region)


def _lifecycle(shared: Shared, consumer: Consumer) -> str:
    if shared.shutdown.is_requested:
        return "stopping"
    if consumer.local_health.pause_reason:
        return "paused"
    return "working" if consumer.in_flight else "idle"
