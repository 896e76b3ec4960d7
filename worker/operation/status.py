"""The status of a deployment: depths of the queues, states of the files in the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from worker.aws.clients import Clients
from worker.aws.file_table import FileTable
from worker.aws.inspection import read_queue
from worker.aws.ledger_row import FileRow
from worker.aws.queue_manager import QueueDepth
from worker.config import Settings, require
from worker.models.ledger import State
from worker.operation.failures import FailureCollector, FailureReport
from worker.operation.index_check import index_problem


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerSummary:
    """The ledger counted. `states` names every state, `reasons` those that occur, by state.

    `oldest_unfinished` is the unfinished file whose row has not changed for longest. `oldest_message_ms` and
    `oldest_event_ms` are when the oldest message of an unfinished file was first sent, and when its event
    happened, in milliseconds since 1970; 0 when no worker has begun one.
    """

    states: Mapping[State, int]
    reasons: Mapping[State, Mapping[str, int]]
    index_pending: int
    vectors_pending: int
    oldest_unfinished: FileRow | None
    oldest_message_ms: int = 0
    oldest_event_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The queues' approximate depths, and the ledger and its failures (None where not requested).

    `index_problem` says why the index takes no documents now, and is empty where it takes them.
    """

    queue: QueueDepth
    dead_letters: QueueDepth
    ledger: LedgerSummary | None
    failures: FailureReport | None = None
    index_problem: str = ""


def read_status(settings: Settings, clients: Clients, *, ledger: bool, failures: int | None = None) -> Status:
    """Read the depths of the queues, what keeps the index from writes and, with `ledger`, the whole table.

    With `failures` so many files that lack something are named.

    Raises MisconfiguredError (not set, missing, forbidden), UnavailableError or ThrottledError.
    """
    require(settings, "queue_url", "dlq_url")
    queue, dlq = (read_queue(clients.sqs, url) for url in (settings.queue_url, settings.dlq_url))
    summary = report = None
    if ledger or failures is not None:
        require(settings, "file_table")
        table = FileTable(clients.dynamodb, table=settings.file_table, owner="status", pipeline_version="")
        collector = FailureCollector(limit=failures or 0)
        summary = summarise(collector.watch(table.rows()))
        report = collector.report() if failures is not None else None
    return Status(
        queue=queue.depth,
        dead_letters=dlq.depth,
        ledger=summary,
        failures=report,
        index_problem=index_problem(settings),
    )


def summarise(rows: Iterable[FileRow]) -> LedgerSummary:
    """Count rows in one pass, without holding a ledger of millions in memory."""
    states = Counter(dict.fromkeys(State, 0))
    reasons: dict[State, Counter[str]] = {}
    index_pending = vectors_pending = 0
    oldest: FileRow | None = None
    oldest_message = _Oldest()
    oldest_event = _Oldest()
    for row in rows:
        states[row.state] += 1
        index_pending += row.index_pending
        vectors_pending += row.vectors_pending
        if row.reason:
            reasons.setdefault(row.state, Counter())[row.reason] += 1
        if not row.is_finished and (oldest is None or row.updated_at < oldest.updated_at):
            oldest = row
        if not row.is_finished:
            oldest_message.add(row.first_seen_ms)
            oldest_event.add(row.event_ms)
    return LedgerSummary(
        states=dict(states),
        reasons={state: dict(counts.most_common()) for state, counts in reasons.items()},
        index_pending=index_pending,
        vectors_pending=vectors_pending,
        oldest_unfinished=oldest,
        oldest_message_ms=oldest_message.at_ms,
        oldest_event_ms=oldest_event.at_ms,
    )


@dataclass(kw_only=True, slots=True)
class _Oldest:
    """The earliest of some times; 0 stands for none."""

    at_ms: int = 0

    def add(self, at_ms: int) -> None:
        if at_ms > 0:
            self.at_ms = min(at_ms, self.at_ms or at_ms)
