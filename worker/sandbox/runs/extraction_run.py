"""ExtractionRun: one open document, as its own thread sees it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from threading import RLock
from types import TracebackType

from worker.errors import Code, RejectedError
from worker.models.file import FileType
from worker.models.page import Page
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.reading_error import raise_for
from worker.sandbox.run_state import RunState

_DETECT_TICK_S = 0.5
# A killed process group is gone at once, but for one that hangs in the kernel, on a dead network disk.
_DEATH_TIMEOUT_S = 5.0
# How long a process that has nothing left to do may take to end; then it is killed.
_EXIT_TIMEOUT_S = 0.5


class ExtractionRun:
    """A context manager that leaves no process.

    `close` has the document forgotten, and `kill` its process killed; the state is read under the `lock`.
    """

    def __init__(
        self,
        state: RunState,
        *,
        lock: RLock,
        close: Callable[[RunState], None],
        kill: Callable[[RunState], None],
    ) -> None:
        self._state = state
        self._lock = lock
        self._close = close
        self._kill = kill

    def __enter__(self) -> ExtractionRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(self._state)
        # Its folder is removed next, so no process may still write there.
        if not (self._state.ends_by_itself and self._state.dead.wait(_EXIT_TIMEOUT_S)):
            self._kill(self._state)
            self._state.dead.wait(_DEATH_TIMEOUT_S)

    @property
    def busy(self) -> bool:
        """Whether a page is being OCRed right now, or an event waits to be taken."""
        with self._lock:
            return bool(self._state.permits) or not self._state.events.empty()

    @property
    def left(self) -> int:
        """Pages that are not finished, as far as is known."""
        return self._state.page_count - len(self._state.finished)

    def is_copied(self, page: Page) -> bool:
        """Whether a page was taken over from the same file elsewhere in the document."""
        with self._lock:
            return page.number in self._state.same.copied

    @property
    def draining(self) -> bool:
        """Whether no further page is begun."""
        return self._state.draining

    def detect(self, check: Callable[[], None] = lambda: None) -> FileType:
        """Wait for the file's type; `check` is called now and then, and may raise to end the wait.

        Raises RejectedError when the file cannot be read at all.
        """
        while (event := self.next(_DETECT_TICK_S)) is None:
            check()
        if isinstance(event, FileType):
            return event
        if isinstance(event, ReadingEnded) and event.code is not None:
            raise_for(event)
        raise RejectedError("the process that reads the file did not report its type", code=Code.CRASHED)

    def go(self, *, done: Iterable[Page] = (), preview: bool = True) -> None:
        """Begin reading; `done` are pages known already."""
        with self._lock:
            self._state.go(done=done, preview=preview)

    def next(self, timeout_s: float) -> Event | None:
        """The next event, None when there is none within the time."""
        try:
            return self._state.events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def drain(self) -> None:
        """Begin no further page; those being OCRed are finished."""
        with self._lock:
            self._state.draining = True
