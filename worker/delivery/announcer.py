"""Announcer: sends an event for each document that reached an end state, at least once.

The commit marks the row; the event is sent after it, and the mark taken off. What could not be sent waits in
the ledger, where EventReplay of any worker finds it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from worker.aws.ledger_row import FileRow
from worker.aws.messages.document_event import DocumentEvent
from worker.aws.messages.event_publisher import EventPublisher
from worker.aws.other_rows.unsent_events import UnsentEvents
from worker.errors import MisconfiguredError, TransientError, WorkerError
from worker.resilience.circuit_breaker import CircuitBreaker, CircuitOpenError, CircuitState
from worker.runtime.metrics import Metrics

# A target that is unavailable costs a document its time-outs: after two such documents they are spared.
_FAILURES = 2
_TIMEOUT_S = 30.0
_MAX_TIMEOUT_S = 300.0
# To be tried again soon: all else is found in the ledger.
_MAX_REMEMBERED = 1_000

_log = structlog.get_logger(__name__)


def make_breaker() -> CircuitBreaker:
    """The breaker of a target: open while it is unavailable or refuses."""
    return CircuitBreaker(
        _FAILURES,
        _TIMEOUT_S,
        (TransientError, MisconfiguredError),
        name="events",
        max_timeout=_MAX_TIMEOUT_S,
    )


@dataclass(kw_only=True, slots=True, eq=False)
class Announcer:
    """Sends events; several threads may call it. Raises no WorkerError."""

    publisher: EventPublisher
    unsent: UnsentEvents
    metrics: Metrics
    breaker: CircuitBreaker = field(default_factory=make_breaker)
    _unsent: deque[str] = field(default_factory=lambda: deque(maxlen=_MAX_REMEMBERED))

    def announce(self, row: FileRow) -> None:
        """Send the event of a row that was just committed; what is not sent now stays in the ledger."""
        event = DocumentEvent.from_row(row)
        is_sent = bool(self.send([event]))
        if not is_sent and not row.lacks_something:
            # The row is found by its mark.
            self._unsent.append(row.file_id)
            return
        try:
            if not is_sent:
                self._unsent.append(self.unsent.keep(row))
            self.unsent.clear(row)
        except WorkerError as error:
            # It is sent once more, when its mark is found.
            _log.warning("event_mark_left", event_id=event.event_id, code=error.code, reason=str(error))

    def take_unsent(self) -> list[str]:
        """The keys of what this worker could not send lately; empty while the target is left alone."""
        if self.breaker.state is CircuitState.OPEN:
            return []
        return [self._unsent.popleft() for _ in range(len(self._unsent))]

    def send(self, events: Sequence[DocumentEvent]) -> frozenset[str]:
        """Send events; the ids of those that the target has accepted."""
        try:
            refused = self.breaker.call(lambda: self.publisher.publish(events))
        except CircuitOpenError:
            return self._count(events, frozenset())
        except WorkerError as error:
            _log.warning("events_not_sent", events=len(events), code=error.code, reason=str(error))
            return self._count(events, frozenset())
        for event_id, reason in refused.items():
            _log.warning("event_refused", event_id=event_id, reason=reason)
        return self._count(events, frozenset(each.event_id for each in events) - refused.keys())

    def _count(self, events: Sequence[DocumentEvent], sent: frozenset[str]) -> frozenset[str]:
        for event in events:
            result = "sent" if event.event_id in sent else "unsent"
            self.metrics.document_events.labels(type=event.event_type, result=result).inc()
        return sent
