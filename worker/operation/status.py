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


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerSummary:
    """The ledger counted. `states` names every state, `reasons` those that occur, by state.

    `oldest_unfinished` is the unfinished file whose row has not changed for longest.
    """

    states: Mapping[State, int]
    reasons: Mapping[State, Mapping[str, int]]
    index_pending: int
    vectors_pending: int
    oldest_unfinished: FileRow | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The queues' approximate depths, and the ledger (None where it was not requested)."""

    queue: QueueDepth
    dead_letters: QueueDepth
    ledger: LedgerSummary | None


def read_status(settings: Settings, clients: Clients, *, ledger: bool) -> Status:
    """Read the depths of the queues and, with `ledger`, the whole table.

    Raises MisconfiguredError (not set, missing, forbidden), UnavailableError or ThrottledError.
    """
    require(settings, "queue_url", "dlq_url")
    queue, dlq = (read_queue(clients.sqs, url) for url in (settings.queue_url, settings.dlq_url))
    summary = None
    if ledger:
        require(settings, "file_table")
        table = FileTable(clients.dynamodb, table=settings.file_table, owner="status", pipeline_version="")
        summary = summarise(table.rows())
    return Status(queue=queue.depth, dead_letters=dlq.depth, ledger=summary)


def summarise(rows: Iterable[FileRow]) -> LedgerSummary:
    """Count rows in one pass, without holding a ledger of millions in memory."""
    states = Counter(dict.fromkeys(State, 0))
    reasons: dict[State, Counter[str]] = {}
    index_pending = vectors_pending = 0
    oldest: FileRow | None = None
    for row in rows:
        states[row.state] += 1
        index_pending += row.index_pending
        vectors_pending += row.vectors_pending
        if row.reason:
            reasons.setdefault(row.state, Counter())[row.reason] += 1
        if not row.is_finished and (oldest is None or row.updated_at < oldest.updated_at):
            oldest = row
    return LedgerSummary(
        states=dict(states),
        reasons={state: dict(counts.most_common()) for state, counts in reasons.items()},
        index_pending=index_pending,
        vectors_pending=vectors_pending,
        oldest_unfinished=oldest,
    )
