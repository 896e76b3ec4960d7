"""Checks of what is read and written: results bucket, source buckets, ledger table."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from worker.aws.clients import Clients
from worker.aws.file_table import FileTable
from worker.aws.inspection import TableFacts, may_read_tags, probe_source, read_table
from worker.aws.ledger_row import PENDING
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings
from worker.errors import UnavailableError, WorkerError
from worker.models.ledger import Claim
from worker.operation.finding import Check, Finding, failure, ok, warning

_RESULTS = "results bucket"
_SOURCES = "source buckets"
_TABLE = "table"
_PROBES = "doctor/"
_KEY = ("file_id S",)
_USABLE = frozenset({"ACTIVE", "UPDATING"})


def store_checks(settings: Settings, clients: Clients) -> list[Check]:
    """The checks of buckets and table."""
    storage = StorageHandler(clients.s3, results_bucket=settings.results_bucket)
    return [
        Check(
            subject=_RESULTS,
            run=lambda: results_findings(settings.results_bucket, storage),
            advice="Set CIS_RESULTS_BUCKET to a bucket of its own (`cis-worker init` creates one). The role "
            "needs s3:GetObject, PutObject and DeleteObject on its objects and s3:ListBucket on it.",
        ),
        *_source_checks(settings, clients),
        Check(
            subject=_TABLE,
            run=lambda: table_findings(settings, clients),
            advice="Set CIS_FILE_TABLE to the ledger's table (`cis-worker init` creates one). The role needs "
            "dynamodb:DescribeTable, GetItem, BatchGetItem, UpdateItem and Scan, and dynamodb:Query on its "
            "indexes.",
        ),
    ]


def results_findings(bucket: str, storage: StorageHandler) -> Sequence[Finding]:
    """Whether a probe object can be written, read, listed and deleted. Raises WorkerError when not."""
    if not bucket:
        return [failure(_RESULTS, "CIS_RESULTS_BUCKET is not set.", "Set it; `cis-worker init` prints it.")]
    # Two doctors at a time must not delete each other's object.
    key = f"{_PROBES}{uuid.uuid4().hex}"
    steps: Mapping[str, Callable[[], object]] = {
        "write": lambda: storage.put(key, b"probe"),
        "read": lambda: storage.get(key),
        "list": lambda: storage.keys(key),
        "delete": lambda: storage.delete(bucket, key),
    }
    failed: dict[str, WorkerError] = {}
    for name, step in steps.items():
        try:
            step()
        # The other steps would fail alike, each after its time-out.
        except UnavailableError:
            raise
        except WorkerError as error:
            failed[name] = error
    if failed:
        first = next(iter(failed.values()))
        raise type(first)(f"Not possible: {', '.join(failed)}. {first}") from first
    return [ok(_RESULTS, f"{bucket}: write, read, list and delete are possible")]


def _source_checks(settings: Settings, clients: Clients) -> list[Check]:
    if not settings.source_buckets:
        unset = warning(
            _SOURCES,
            "CIS_SOURCE_BUCKETS is not set: the worker reads files of every bucket that a message names and "
            "its role may read, also of a forged message; none was checked.",
            "Set it to the buckets files may come from, separated by commas.",
        )
        return [Check(subject=_SOURCES, run=lambda: [unset], advice=unset.advice)]
    return [
        Check(
            subject=f"source {bucket}",
            run=partial(source_findings, clients, bucket),
            advice="Correct CIS_SOURCE_BUCKETS, or grant the role s3:GetObject on the bucket's objects and "
            "s3:ListBucket on it (and kms:Decrypt where they are encrypted with a key).",
        )
        for bucket in settings.source_buckets
    ]


def source_findings(clients: Clients, bucket: str) -> Sequence[Finding]:
    """Whether a source bucket can be listed and read. Raises WorkerError when not."""
    key = probe_source(clients.s3, bucket)
    if key and not may_read_tags(clients.s3, bucket, key):
        return [
            warning(
                f"source {bucket}",
                "can be listed and read, but not the tags of its objects: S3 then says that they have none, "
                "and a file whose tag `cis-groups` names its groups is found by everyone.",
                "Grant s3:GetObjectTagging on its objects to the role of the workers, then "
                "`cis-worker rerun --index`.",
            )
        ]
    message = "can be listed and read" if key else "can be listed; it is empty, so reading was not tried"
    return [ok(f"source {bucket}", message)]


def table_findings(settings: Settings, clients: Clients) -> Sequence[Finding]:
    """Whether the ledger's table exists, has our key, and may be read and written. Raises WorkerError."""
    name = settings.file_table
    if not name:
        return [failure(_TABLE, "CIS_FILE_TABLE is not set.", "Set it; `cis-worker init` prints it.")]
    facts = read_table(clients.dynamodb, name)
    if facts.key != _KEY:
        return [
            failure(
                _TABLE,
                f"The key of {name} is {', '.join(facts.key)}, not the string file_id alone.",
                "A table's key cannot be changed: set CIS_FILE_TABLE to another name, run `cis-worker init`.",
            )
        ]
    if facts.status not in _USABLE:
        return [
            failure(_TABLE, f"{name} is {facts.status}.", "Wait until it is ACTIVE, then run this again.")
        ]
    table = FileTable(clients.dynamodb, table=name, owner="doctor", pipeline_version="")
    table.read(_PROBES)
    # No row has this claim, so the condition fails: the right to write is tried, and nothing is written.
    table.beat(Claim(file_id=_PROBES, fence=0, attempt="doctor", message_id=""))
    return [
        ok(_TABLE, f"{name}: key file_id, reading and writing are possible"),
        *_pending_index(name, facts),
    ]


def _pending_index(name: str, facts: TableFacts) -> Sequence[Finding]:
    match facts.indexes.get(PENDING):
        case "ACTIVE":
            return []
        case None:
            return [
                warning(
                    _TABLE,
                    f"{name} has no index `{PENDING}`: what an outage leaves pending would stay pending.",
                    "Run `cis-worker init`: it adds the index.",
                )
            ]
        case status:
            return [
                warning(
                    _TABLE,
                    f"The index `{PENDING}` of {name} is {status}: what is pending waits until it is ACTIVE.",
                    "Wait; on a large table it takes hours.",
                )
            ]
