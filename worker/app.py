"""Composition root: settings become components, components become one running worker."""

from __future__ import annotations

import faulthandler
from contextlib import closing
from dataclasses import replace
from functools import partial

import structlog

from worker.aws.clients import Clients, autoscaling_client, make_clients, secrets_client
from worker.aws.instance_metadata import InstanceMetadata
from worker.aws.secret_store import read_passwords
from worker.composition.components import (
    Shared,
    make_consumer,
    make_local_health,
    make_log_sweep,
    make_replayer,
    watch_resources,
)
from worker.composition.readers import Readers, begin_readers
from worker.composition.side_loops import make_side_loops
from worker.config import NEEDED, Settings, require, sandbox_environment, service_manager_environment
from worker.consumer import Consumer
from worker.delivery.crash_detector import CrashDetector
from worker.delivery.heartbeat import Heartbeat
from worker.document.options_from_settings import read_options
from worker.errors import UnavailableError
from worker.extract.extraction_key import PIPELINE_VERSION
from worker.extract.read_options import ReadOptions
from worker.extract.tools import Tools
from worker.fleet.group_instance import GroupInstance
from worker.fleet.lifecycle_hook import LifecycleHook
from worker.fleet.membership import GROUP_TAG, Membership
from worker.fleet.scale_in_protection import ScaleInProtection
from worker.lifecycle import Lifecycle
from worker.operation.slots import slots_rule
from worker.operation.walls import require_walls
from worker.resilience.resource_monitor import ResourceMonitor
from worker.runtime.identity import Identity, package_version, unique_name, worker_identity
from worker.runtime.log_files import LogFiles
from worker.runtime.machine.allocator import limit_heaps, set_start_apart
from worker.runtime.metric_log import MetricLog
from worker.runtime.metrics import Metrics
from worker.runtime.profiling.profile_order import profile_order
from worker.runtime.profiling.worker_profile import worker_profile
from worker.runtime.shutdown import Shutdown
from worker.runtime.systemd.service_manager import ServiceManager
from worker.runtime.trace import clean_id
from worker.runtime.work_root import WorkRoot
from worker.sandbox.confinement import hide_memory
from worker.sandbox.scheduler import Sandbox
from worker.spot_handler import SpotInterruptionHandler
from worker.worker_loops import HEARTBEAT

_log = structlog.get_logger(__name__)


def _add_secret_passwords(options: ReadOptions, settings: Settings) -> ReadOptions:
    """The options with the passwords in AWS Secrets Manager after those of the environment."""
    if not settings.pdf_passwords_secret:
        return options
    passwords = read_passwords(secrets_client(region=settings.aws_region), settings.pdf_passwords_secret)
    return replace(options, pdf_passwords=(*options.pdf_passwords, *passwords))


def complete(settings: Settings) -> Settings:
    """The settings with a name for this worker, the same in ledger and logs.

    Raises MisconfiguredError when one is missing that every worker needs.
    """
    require(settings, *NEEDED)
    return settings if settings.worker_id else settings.model_copy(update={"worker_id": unique_name()})


def identify(settings: Settings) -> Identity:
    """Who this process is: instance and group come from its metadata, which a machine of your own lacks."""
    metadata = InstanceMetadata(settings.metadata_endpoint)
    instance, group = None, settings.group or settings.autoscaling_group
    try:
        instance = metadata.instance_id()
        group = group or metadata.tag(GROUP_TAG) or ""
    except UnavailableError:
        # No machine of EC2.
        pass
    return worker_identity(
        worker=settings.worker_id, instance=clean_id(instance) or None, group=clean_id(group)
    )


def open_log_files(settings: Settings, identity: Identity) -> LogFiles | None:
    """The log files, where a folder for them is set."""
    if settings.log_dir is None:
        return None
    return LogFiles(settings.log_dir, identity, max_bytes=settings.log_max_bytes)


def run(
    settings: Settings,
    log_files: LogFiles | None = None,
    identity: Identity | None = None,
    readers: Readers | None = None,
) -> int:
    """Run a worker until it is stopped; the exit status (see `Lifecycle.run`).

    `readers` may have begun, and are closed at the end. Raises MisconfiguredError when it cannot start.
    """
    settings = complete(settings)
    profile = profile_order(settings.profile, is_on_aws=settings.is_on_aws)
    limit_heaps()
    # Before any document is read: its reader is of the same user, and the credentials are in this process.
    hide_memory()
    readers = readers or begin_readers(settings)
    with closing(readers):
        sandbox = Sandbox(
            options=_add_secret_passwords(read_options(settings), settings),
            slots=settings.slots,
            work_root=readers.work_root.path,
            environment=sandbox_environment(),
            fork_server=readers.fork_server,
        )
        with closing(sandbox):
            lifecycle = _start(settings, sandbox, readers, identity)
            if log_files is not None:
                lifecycle.log_sweep = make_log_sweep(settings, log_files, lifecycle.consumer)
            set_start_apart()
            with worker_profile(profile):
                status = lifecycle.run()
    if lifecycle.log_sweep is not None:
        lifecycle.log_sweep.finish()
    return status


def _start(settings: Settings, sandbox: Sandbox, readers: Readers, identity: Identity | None) -> Lifecycle:
    """The components around a sandbox that has started."""
    # While the fork server imports the readers.
    clients = _clients(settings)
    # Before any thread exists: a fork of a threaded process may deadlock.
    tools = sandbox.start()
    require_walls(settings, sandbox.walls)
    _log.info(
        "slots_decided", slots=settings.slots, documents=settings.max_documents, by=slots_rule(settings)
    )
    return build(settings, sandbox, tools, readers.work_root, identity, clients)


def _clients(settings: Settings) -> Clients:
    return make_clients(region=settings.aws_region, bedrock_region=settings.bedrock_region)


def build(
    settings: Settings,
    sandbox: Sandbox,
    tools: Tools,
    work_root: WorkRoot,
    identity: Identity | None = None,
    clients: Clients | None = None,
) -> Lifecycle:
    """Build every component of a worker around a started sandbox."""
    metrics = _metrics()
    shutdown = Shutdown(timeout_s=settings.stop_budget_s)
    spot = SpotInterruptionHandler(InstanceMetadata(settings.metadata_endpoint), shutdown, metrics)
    shared = Shared(
        settings=settings,
        clients=clients or make_clients(region=settings.aws_region, bedrock_region=settings.bedrock_region),
        sandbox=sandbox,
        metrics=metrics,
        shutdown=shutdown,
        interruption_expected=lambda: spot.interruption_expected,
        resources=ResourceMonitor(limit_s=settings.refusal_limit_s, fail=shutdown.fail),
    )
    watch_resources(shared)
    consumer = _consumer(shared, tools, work_root, spot)
    membership = _membership(settings)
    return Lifecycle(
        shutdown=shutdown,
        consumer=consumer,
        heartbeat=consumer.heartbeat,
        sandbox=sandbox,
        spot=spot,
        metrics=metrics,
        replayer=make_replayer(shared, consumer),
        crash_detector=_crash_detector(consumer),
        http_host=settings.http_host,
        http_port=settings.http_port,
        attempts=settings.max_documents + consumer.attempt_queue.writing_places,
        group=_group_instance(membership, consumer, spot),
        metric_log=_metric_log(settings, metrics, membership),
        manager=_service_manager(spot, consumer.heartbeat),
        side_loops=make_side_loops(shared, consumer, identity or identify(settings)),
    )


def _consumer(shared: Shared, tools: Tools, work_root: WorkRoot, spot: SpotInterruptionHandler) -> Consumer:
    consumer = make_consumer(shared, tools, make_local_health(shared, work_root))
    # The loop that deletes them is started with the others.
    consumer.settlement.hold_deletes()
    spot.on_interrupt_callback, spot.requeue = consumer.stop_receiving, consumer.release
    return consumer


def _metrics() -> Metrics:
    metrics = Metrics()
    metrics.set_build(version=package_version(), pipeline=PIPELINE_VERSION)
    return metrics


def _crash_detector(consumer: Consumer) -> CrashDetector:
    attempts = consumer.attempts
    return CrashDetector(record=attempts.record, table=attempts.processor.table, metrics=consumer.metrics)


def _service_manager(spot: SpotInterruptionHandler, heartbeat: Heartbeat) -> ServiceManager:
    manager = ServiceManager.of_environment(service_manager_environment())
    if manager.watchdog.timeout_s:
        # systemd ends what hangs with SIGABRT: the stacks of all threads then say where.
        faulthandler.enable()
    spot.watchdog = manager.watchdog
    heartbeat.on_progress = partial(manager.watchdog.report, HEARTBEAT)
    return manager


def _metric_log(settings: Settings, metrics: Metrics, membership: Membership) -> MetricLog | None:
    def group() -> str:
        found = membership.find()
        return settings.autoscaling_group or (found.name if found else "")

    if settings.metrics_emf == "off":
        return None
    return MetricLog(
        metrics,
        interval_s=settings.metrics_emf_interval_s,
        group=group,
        is_detailed=settings.metrics_emf == "detailed",
    )


def _membership(settings: Settings) -> Membership:
    return Membership(
        # A client of its own: that of the monitor belongs to the monitor's thread.
        metadata=InstanceMetadata(settings.metadata_endpoint),
        connect=lambda: autoscaling_client(region=settings.aws_region),
        group=settings.autoscaling_group,
        hook=settings.lifecycle_hook,
    )


def _group_instance(
    membership: Membership, consumer: Consumer, spot: SpotInterruptionHandler
) -> GroupInstance:
    return GroupInstance(
        protection=ScaleInProtection(
            membership=membership,
            is_busy=lambda: bool(consumer.heartbeat.held()),
            metrics=consumer.metrics,
        ),
        hook=LifecycleHook(
            membership=membership, is_leaving=lambda: spot.is_leaving, metrics=consumer.metrics
        ),
    )
