"""AttemptQueue: the messages that wait for an attempt, and the rule which of them may begin.

Many attempts run side by side. A file that is suspect of killing its worker is processed with no other beside
it, so that its next death is nobody else's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from worker.delivery.heartbeat import Lease
from worker.delivery.parked_messages import Takeover
from worker.runtime.shutdown import Shutdown

# A suspect file waits so long for a moment without any attempt; then no other begins before it has run.
_PATIENCE_S = 30.0
_STOP_TICK_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """One message that waits for an attempt; `is_isolated` once it has its turn with no other beside it.

    `in_backlog`: more messages waited in the queue than could be received with it.
    """

    lease: Lease
    in_backlog: bool = False
    takeover: Takeover = None
    is_isolated: bool = False
    since: float = 0.0


class AttemptQueue:
    """Waiting messages and attempts in progress; several threads may call it.

    Up to `writing_places` attempts that only write their results keep no other from being received.
    `has_backlog` is set by who receives: more messages wait in the queue than it could take.
    """

    def __init__(self, shutdown: Shutdown, *, writing_places: int = 0) -> None:
        self.writing_places = writing_places
        self.has_backlog = False
        self._shutdown = shutdown
        self._writing: set[Task] = set()
        self._thread = threading.local()
        self._changed = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._suspect_tasks: deque[Task] = deque()
        self._in_progress: list[Task] = []

    def __len__(self) -> int:
        """Messages that wait or are in progress."""
        with self._changed:
            return len(self._waiting) + len(self._suspect_tasks) + len(self._in_progress)

    @property
    def places_taken(self) -> int:
        """Messages that wait or are in progress, without those that are only being written."""
        with self._changed:
            in_hand = len(self._waiting) + len(self._suspect_tasks) + len(self._in_progress)
            return in_hand - min(len(self._writing), self.writing_places)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The attempt of this thread has read its document, and writes what it found."""
        task: Task = self._thread.task
        with self._changed:
            self._writing.add(task)
        try:
            yield
        finally:
            with self._changed:
                self._writing.discard(task)

    def expects_more_writes(self) -> bool:
        """Whether a write of this thread had better wait for those of the attempts that follow."""
        with self._changed:
            if self._shutdown.is_requested or getattr(self._thread, "task", None) not in self._writing:
                return False
            return self.has_backlog or any(
                task.in_backlog and task not in self._writing for task in (*self._waiting, *self._in_progress)
            )

    @property
    def has_waiting(self) -> bool:
        """Whether there are messages that no attempt has begun."""
        with self._changed:
            return bool(self._waiting or self._suspect_tasks)

    @property
    def is_closed(self) -> bool:
        """Whether a suspect file keeps all others from beginning, so that nothing should be received."""
        with self._changed:
            return self._is_closed()

    def put(self, lease: Lease, takeover: Takeover) -> None:
        """Add a message."""
        with self._changed:
            self._waiting.append(Task(lease=lease, takeover=takeover, in_backlog=self.has_backlog))
            self._changed.notify()

    def put_suspect(self, lease: Lease, takeover: Takeover) -> None:
        """Add a message whose file needs isolation."""
        with self._changed:
            self._suspect_tasks.append(Task(lease=lease, takeover=takeover, since=self._shutdown.now()))
            self._changed.notify()

    def take(self, timeout_s: float) -> Task | None:
        """The next message whose attempt may begin, None when there was none in time; it must be ended."""
        with self._changed:
            task = self._next()
            if task is None:
                # At a stop there is little left to take, and the worker's end waits for this thread.
                self._changed.wait(min(timeout_s, _STOP_TICK_S) if self._shutdown.is_requested else timeout_s)
                task = self._next()
            if task is not None:
                self._in_progress.append(task)
            self._thread.task = task
            return task

    def wake(self) -> None:
        """Have every `take` that waits return, because a stop was requested."""
        with self._changed:
            self._changed.notify_all()

    def end(self, task: Task) -> None:
        """An attempt has ended."""
        with self._changed:
            self._in_progress.remove(task)
            # Only a suspect file, and what it keeps waiting, waits for the end of others.
            if task.is_isolated or self._suspect_tasks:
                self._changed.notify_all()

    def _next(self) -> Task | None:
        if self._shutdown.is_requested:
            # Each begins only to be requeued.
            tasks = self._suspect_tasks or self._waiting
            return tasks.popleft() if tasks else None
        if self._suspect_tasks and not self._in_progress:
            return replace(self._suspect_tasks.popleft(), is_isolated=True)
        if self._waiting and not self._is_closed():
            return self._waiting.popleft()
        return None

    def _is_closed(self) -> bool:
        if any(task.is_isolated for task in self._in_progress):
            return True
        return (
            bool(self._suspect_tasks) and self._shutdown.now() - self._suspect_tasks[0].since >= _PATIENCE_S
        )
