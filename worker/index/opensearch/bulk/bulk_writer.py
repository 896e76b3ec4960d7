"""BulkWriter: groups the concurrent writes of several threads into bulk requests.

While no request is in progress a document is sent at once; while one is, documents are collected for the
next. In a backlog a document waits for those that follow, as long as they come. A thread whose document was
taken into another thread's group waits for the response to that group.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from worker.errors import WorkerError
from worker.runtime import tally
from worker.runtime.trace import Trace, current, share

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
MAX_DOCUMENTS = 100
MAX_BYTES = 5 * 1024**2  # a single document may be larger, and is sent alone
BATCH_WAIT_S = 0.25  # after it a second request runs beside the first, so a slow one does not block others
ENOUGH_DOCUMENTS = 20  # in a backlog: a request of so many costs hardly more than one of a single document
QUIET_S = 1.0  # in a backlog a document waits for others until none has come for so long,
LONGEST_GATHER_S = 3.0  # and no longer than this: who looks for it must not notice
_POLL_S = 1.0
_BACKLOG_POLL_S = 0.25  # so soon it sees that the backlog, or the worker, has come to its end


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkAction:
    """One document for one index: `lines` are its action and source lines in the bulk format."""

    alias: str
    file_id: str
    version: int
    lines: bytes


def make_action(alias: str, file_id: str, version: int, source: Mapping[str, Any]) -> BulkAction:
    """The action that writes a source under a version; the cluster refuses it where it has a higher one."""
    action = {"index": {"_index": alias, "_id": file_id, "version": version, "version_type": "external_gte"}}
    # In pieces: while a long text is encoded at once, no other thread runs, and leases run out.
    pieces = chain.from_iterable((*_JSON.iterencode(each), "\n") for each in (action, source))
    lines = b"".join(piece.encode("utf-8", "replace") for piece in pieces)
    return BulkAction(alias=alias, file_id=file_id, version=version, lines=lines)


Send = Callable[[Sequence[BulkAction]], Sequence[WorkerError | None]]
"""Sends actions as one request; returns the error or None of each. An exception applies to all of them."""


def groups(documents: Iterable[Sequence[BulkAction]]) -> Iterator[list[Sequence[BulkAction]]]:
    """Split documents (each as its actions) into groups of one bulk request each."""
    group: list[Sequence[BulkAction]] = []
    total_bytes = 0
    for document in documents:
        total_bytes += size_bytes(document)
        if group and (len(group) >= MAX_DOCUMENTS or total_bytes > MAX_BYTES):
            yield group
            group, total_bytes = [], size_bytes(document)
        group.append(document)
    if group:
        yield group


def size_bytes(actions: Sequence[BulkAction]) -> int:
    """The size of a request of these actions."""
    return sum(len(each.lines) for each in actions)


@dataclass(kw_only=True, slots=True, eq=False)
class _BulkEntry:
    actions: Sequence[BulkAction]
    size_bytes: int
    trace: Trace | None
    arrived_at: float
    taken: bool = False
    done: bool = False
    outcome: Sequence[WorkerError | None] = ()
    failure: BaseException | None = None


class BulkWriter:
    """Shared by all threads; there is one per kind of request (with and without refresh).

    `expects_more` says in a thread that writes whether other documents are likely to follow soon.
    """

    def __init__(
        self,
        send: Send,
        *,
        expects_more: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._expects_more = expects_more
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[_BulkEntry] = deque()
        self._sending = 0

    def write(self, actions: Sequence[BulkAction]) -> Sequence[WorkerError | None]:
        """Write one document's actions; the error or None of each. Raises what `send` raised."""
        has_sent = False
        with self._changed:
            entry = _BulkEntry(
                actions=actions, size_bytes=size_bytes(actions), trace=current(), arrived_at=self._clock()
            )
            self._waiting.append(entry)
            if self._is_enough():
                self._changed.notify_all()
            self._wait_for_batch(entry)
        while not entry.done:
            group = self._take(entry)
            if group:
                has_sent = True
                self._send_group(group)
            else:
                self._wait_for_answer(entry)
        if not has_sent:
            # The request of another thread was this document's, too.
            tally.count_call("opensearch", "bulk")
        if entry.failure is not None:
            raise entry.failure
        return entry.outcome

    def _wait_for_batch(self, entry: _BulkEntry) -> None:
        while not entry.taken and (left_s := self._left_s(entry)) > 0:
            self._changed.wait(min(left_s, _BACKLOG_POLL_S))

    def _left_s(self, entry: _BulkEntry) -> float:
        """How long a document waits before a thread sends it."""
        gathers = self._expects_more() and not self._is_enough()
        if not (self._sending or gathers):
            return 0.0
        until = entry.arrived_at + BATCH_WAIT_S if self._sending else 0.0
        if gathers:
            quiet_at = self._waiting[-1].arrived_at + QUIET_S
            until = max(until, min(quiet_at, self._waiting[0].arrived_at + LONGEST_GATHER_S))
        return until - self._clock()

    def _is_enough(self) -> bool:
        """Whether what waits makes a good request."""
        size_bytes = sum(each.size_bytes for each in self._waiting)
        return len(self._waiting) >= ENOUGH_DOCUMENTS or size_bytes >= MAX_BYTES

    def _wait_for_answer(self, entry: _BulkEntry) -> None:
        with self._changed:
            self._changed.wait_for(lambda: entry.done, _POLL_S)

    def _take(self, entry: _BulkEntry) -> list[_BulkEntry]:
        """The next group in order of arrival, none when `entry` is in one already."""
        with self._changed:
            if entry.taken:
                return []
            group: list[_BulkEntry] = []
            size_bytes = 0
            while self._waiting and len(group) < MAX_DOCUMENTS:
                size_bytes += self._waiting[0].size_bytes
                # A first document above the limit is taken nevertheless, and sent alone.
                if group and size_bytes > MAX_BYTES:
                    break
                group.append(self._waiting.popleft())
                group[-1].taken = True
            self._sending += 1
            return group

    def _send_group(self, group: list[_BulkEntry]) -> None:
        failure: BaseException | None = None
        outcome: Sequence[WorkerError | None] = ()
        try:
            with share([entry.trace for entry in group if entry.trace is not None]):
                outcome = self._send([each for entry in group for each in entry.actions])
        except BaseException as error:  # noqa: BLE001 - raised again in every thread of the group
            failure = error
        with self._changed:
            self._sending -= 1
            start = 0
            for entry in group:
                entry.failure = failure
                entry.outcome = outcome[start : start + len(entry.actions)]
                start += len(entry.actions)
                entry.done = True
            self._changed.notify_all()
