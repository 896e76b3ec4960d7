"""EventReplay: sends the events that the ledger still holds, of whatever worker, until none is left.

Several workers may send one event: a receiver knows it by its id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random

import structlog

from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow, is_file
from worker.aws.messages.document_event import DocumentEvent
from worker.aws.other_rows.unsent_events import SHARDS, UnsentEvents
from worker.delivery.announcer import Announcer
from worker.errors import MisconfiguredError, WorkerError
from worker.resilience.circuit_breaker import CircuitState
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown

INTERVAL_S = 10.0
_SHARDS_PER_STEP = 4
_KEYS_PER_QUERY = 100
_BATCH = 10
# The worker that committed a row sends its event at the same moment.
_GRACE_S = 30.0
# Beyond it there is a backlog, and two workers may as well meet.
_MAX_REMEMBERED = 10_000
_PAUSE_S = 300.0

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class EventReplay:
    """One thread calls `step`, every INTERVAL_S; four steps visit all shards."""

    announcer: Announcer
    unsent: UnsentEvents
    table: FileTable
    shutdown: Shutdown
    metrics: Metrics
    random: Random
    _shards: Iterator[str] = field(init=False)
    _backlog: dict[str, int] = field(default_factory=dict)
    _first_seen: dict[str, float] = field(default_factory=dict)
    _paused_until: float = -math.inf

    def __post_init__(self) -> None:
        """Start at a random shard, so that the workers of a fleet are on different ones."""
        self._shards = islice(cycle(SHARDS), self.random.randrange(len(SHARDS)), None)

    def step(self) -> None:
        """Send what this worker could not send just now, and what the next shards hold."""
        if self.shutdown.now() < self._paused_until:
            return
        try:
            can_send = self._send_all(self.announcer.take_unsent())
            for shard in islice(self._shards, _SHARDS_PER_STEP):
                can_send = self._visit(shard, can_send=can_send)
        except MisconfiguredError as error:
            # Without its secondary index the table cannot list them; that must not stop a worker.
            _log.error("event_index_missing", reason=str(error))
            self._paused_until = self.shutdown.now() + _PAUSE_S
        except WorkerError as error:
            _log.warning("event_replay_postponed", code=error.code, reason=str(error))

    def _visit(self, shard: str, *, can_send: bool) -> bool:
        """Send all that is due of a shard, if the target accepts events; whether it still does."""
        seen: set[str] = set()
        after: str | None = None
        while not self.shutdown.is_requested:
            page = self.unsent.page(shard, limit=_KEYS_PER_QUERY, after=after)
            if after is None:
                self._backlog[shard] = len(page.keys)
                self.metrics.events_backlog.set(sum(self._backlog.values()))
            seen.update(page.keys)
            after = page.after
            due = self._due(page.keys)
            can_send = can_send and self._send_all(due)
            if after is None:
                self._forget(shard, seen)
                break
            if not can_send:
                break
        return can_send

    def _send_all(self, keys: Sequence[str]) -> bool:
        """Send events by their keys; False at a stop, or where the target accepts none."""
        for start in range(0, len(keys), _BATCH):
            if self.shutdown.is_requested or not self._send_batch(keys[start : start + _BATCH]):
                return False
        return True

    def _due(self, keys: Sequence[str]) -> list[str]:
        now = self.shutdown.now()
        for key in keys:
            if is_file(key) and len(self._first_seen) < _MAX_REMEMBERED:
                self._first_seen.setdefault(key, now)
        due = [key for key in keys if now - self._first_seen.get(key, -math.inf) >= _GRACE_S]
        # In any order, so that two workers on one shard seldom send the same.
        return self.random.sample(due, len(due))

    def _forget(self, shard: str, seen: set[str]) -> None:
        for key in [each for each in self._first_seen if each[:1] == shard[1:] and each not in seen]:
            del self._first_seen[key]

    def _send_batch(self, keys: Sequence[str]) -> bool:
        """Send the events of some keys, as they are now; False where the target accepts none."""
        rows = self._read_rows([key for key in keys if is_file(key)])
        kept = self.unsent.read_kept([key for key in keys if not is_file(key)])
        by_id = {DocumentEvent.from_row(row).event_id: row for row in rows}
        events = [*(DocumentEvent.from_row(row) for row in rows), *kept]
        if not events:
            return True
        sent = self.announcer.send(events)
        for event in events:
            if event.event_id not in sent:
                continue
            if (row := by_id.get(event.event_id)) is not None:
                self._clear(row)
            else:
                self.unsent.remove(event)
        # All refused one by one is an outage too: throttling comes as HTTP 200 with a failure for each.
        return bool(sent) and self.announcer.breaker.state is CircuitState.CLOSED

    def _read_rows(self, keys: Sequence[str]) -> list[FileRow]:
        if not keys:
            return []
        rows = self.table.read_many(keys)
        for row in rows.values():
            if row.is_finished and not row.event_pending and row.pending in SHARDS:
                # Sent while another worker wrote what else was pending: only its key is left.
                self.unsent.clear(row)
        return [row for row in rows.values() if row.is_finished and row.event_pending]

    def _clear(self, row: FileRow) -> None:
        if not self.unsent.clear(row):
            _log.info("event_sent_again_later", file=row.file_id, fence=row.fence)
        self._first_seen.pop(row.file_id, None)
