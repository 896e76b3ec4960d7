"""AttemptQueue: the messages that wait for an attempt, and the rule which of them may begin.

Many attempts run side by side. A file that is suspect of killing its worker is processed with no other beside
it, so that its next death is nobody else's.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

from worker.delivery.heartbeat import Lease
from worker.delivery.parked_messages import Takeover
from worker.runtime.shutdown import Shutdown

# A suspect file waits so long for a moment without any attempt; then no other begins before it has run.
_PATIENCE_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """One message that waits for an attempt; `is_isolated` once it has its turn with no other beside it."""

    lease: Lease
    takeover: Takeover = None
    is_isolated: bool = False
    since: float = 0.0


class AttemptQueue:
    """Waiting messages and attempts in progress; several threads may call it."""

    def __init__(self, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._changed = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._suspect_tasks: deque[Task] = deque()
        self._in_progress: list[Task] = []

    def __len__(self) -> int:
        """Messages that wait or are in progress."""
        with self._changed:
            return len(self._waiting) + len(self._suspect_tasks) + len(self._in_progress)

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
            self._waiting.append(Task(lease=lease, takeover=takeover))
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
                self._changed.wait(timeout_s)
                task = self._next()
            if task is not None:
                self._in_progress.append(task)
            return task

    def end(self, task: Task) -> None:
        """An attempt has ended."""
        with self._changed:
            self._in_progress.remove(task)
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
