"""What a worker needs in AWS and in its index, made where it is missing, and the variables that name it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from worker.aws.buckets.lifecycle_rules import merge_rules
from worker.aws.buckets.notifications import connect_notifications
from worker.aws.clients import Clients, make_clients
from worker.aws.other_rows.expiry import enable_expiry
from worker.aws.provisioning import Provisioned, provision, raise_retention
from worker.config import Settings
from worker.errors import WorkerError
from worker.index.opensearch.schema import FILES, IMAGES
from worker.operation.retention import RESULTS_RULES, describe
from worker.services import open_index_manager

_QUEUE = "cis-files"
_RESULTS_BUCKET = "cis-results"
_SOURCE_BUCKET = "cis-source"
_TABLE = "cis-files"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """Everything that is there now, the variables that point a worker at it, and what did not work.

    `changes` says what was set on resources, those that were there before included.
    """

    resources: tuple[Provisioned, ...]
    variables: dict[str, str]
    warnings: tuple[str, ...]
    changes: tuple[str, ...] = ()


def create_deployment(settings: Settings, *, connect_existing: bool, dry_run: bool) -> Deployment:
    """Create queues, buckets, table and indices where they are missing; with `dry_run` only list them.

    The queues keep messages for 14 days, the results bucket gets the worker's lifecycle rules beside its
    others, and the table its expiry. New source buckets are connected to the queue, with `connect_existing`
    the others too. Raises WorkerError where something cannot be created.
    """
    clients = make_clients(region=settings.aws_region)
    queue_name = _last_part(settings.queue_url) or _QUEUE
    sources = settings.source_buckets or (_SOURCE_BUCKET,)
    results = settings.results_bucket or _RESULTS_BUCKET
    made = provision(
        clients,
        queue_name=queue_name,
        dlq_name=_last_part(settings.dlq_url) or f"{queue_name}-dlq",
        buckets=(*sources, results),
        table=settings.file_table or _TABLE,
        dry_run=dry_run,
    )
    made += _create_indices(settings, dry_run=dry_run)
    queue_url, dlq_url = made[0].identifier, made[1].identifier
    connected = [
        resource.name
        for resource in made
        if resource.kind == "bucket" and resource.name in sources and (resource.created or connect_existing)
    ]
    warnings = [] if dry_run else _connect(clients, connected, queue_url)
    there = [resource for resource in made if not (dry_run and resource.created)]
    changes = _keep_contents(clients, there, results, warnings, dry_run=dry_run)
    return Deployment(
        resources=tuple(made),
        variables={
            "CIS_QUEUE_URL": queue_url,
            "CIS_DLQ_URL": dlq_url,
            "CIS_RESULTS_BUCKET": results,
            "CIS_SOURCE_BUCKETS": ",".join(sources),
            "CIS_FILE_TABLE": next(resource.name for resource in made if resource.kind == "table"),
            **_index_variables(settings),
        },
        warnings=tuple(warnings),
        changes=tuple(changes),
    )


def _last_part(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1] if url else ""


def _connect(clients: Clients, buckets: list[str], queue_url: str) -> list[str]:
    """Let the buckets announce their objects; the warnings. What was created can be used all the same."""
    warnings = []
    for bucket in buckets:
        try:
            connect_notifications(clients, bucket, queue_url)
        except WorkerError as error:
            warnings.append(
                f"{error} Its objects are not announced: run `cis-worker init --notify` when this is "
                "fixed, or send the messages yourself."
            )
    return warnings


def _keep_contents(
    clients: Clients, there: list[Provisioned], results: str, warnings: list[str], *, dry_run: bool
) -> list[str]:
    """Let queues and results bucket keep what they must, and no more; what changes."""
    changes = []
    for resource in there:
        if resource.kind == "queue":
            changes += _keep_messages(clients, resource.identifier, warnings, dry_run=dry_run)
        elif resource.kind == "bucket" and resource.name == results:
            changes += _set_rules(clients, results, warnings, dry_run=dry_run)
        elif resource.kind == "table":
            changes += _set_expiry(clients, resource, warnings, dry_run=dry_run)
    return changes


def _set_expiry(clients: Clients, table: Provisioned, warnings: list[str], *, dry_run: bool) -> list[str]:
    """Let the table remove what killed workers left; what changes on one that was there before."""
    try:
        is_changed = enable_expiry(clients.dynamodb, table.name, dry_run=dry_run)
    except WorkerError as error:
        warnings.append(f"{error} `cis-worker fleet` shows workers that were killed until you delete them.")
        return []
    text = f"table {table.name} removes the entries of killed workers after a day"
    return [text] if is_changed and not table.created else []


def _keep_messages(clients: Clients, url: str, warnings: list[str], *, dry_run: bool) -> list[str]:
    """Let a queue keep its messages for as long as SQS can; what changes."""
    try:
        change = raise_retention(clients, url, dry_run=dry_run)
    except WorkerError as error:
        warnings.append(f"{error} Set MessageRetentionPeriod to 1209600, or a stop of the fleet loses files.")
        return []
    return [change] if change else []


def _set_rules(clients: Clients, results: str, warnings: list[str], *, dry_run: bool) -> list[str]:
    """Let the results bucket expire what is left over; what changes."""
    try:
        changed = merge_rules(clients.s3, results, RESULTS_RULES, dry_run=dry_run)
    except WorkerError as error:
        warnings.append(f"{error} What is left over in {results} stays until you delete it.")
        return []
    return [f"bucket {results}: {describe(rule)}" for rule in changed]


def _create_indices(settings: Settings, *, dry_run: bool) -> list[Provisioned]:
    """The indices in OpenSearch; the SQLite file is created by its first writer."""
    if settings.index != "opensearch":
        return []
    with closing(open_index_manager(settings)) as index:
        missing = index.missing_aliases()
        if not dry_run:
            index.create_files_index()
            index.create_images_index()
    names = (f"{settings.index_prefix}{alias}" for alias in (FILES, IMAGES))
    return [Provisioned(kind="index", name=name, created=name in missing, identifier=name) for name in names]


def _index_variables(settings: Settings) -> dict[str, str]:
    if settings.index == "opensearch":
        return {"CIS_INDEX": "opensearch", "OPENSEARCH_ENDPOINT": settings.opensearch_endpoint}
    return {} if settings.sqlite_path else {"CIS_SQLITE_PATH": "index.sqlite3"}
