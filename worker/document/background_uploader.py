"""BackgroundUploader: a bounded queue of files that become objects of the results bucket.

An entry names files on disk and holds no contents, so thousands may wait. Its files are uploaded in order,
then its `after` is called: a checkpoint's data first, the pointer to it second. A few threads call `step`;
who waits for an entry that nobody has begun uploads it, so a busy queue delays no commit.

Retries: botocore repeats a single call within seconds. What lasts longer is begun anew from here, after
pauses that all entries share, since all are for one service.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from random import Random

import structlog

from worker.aws.storage_handler import StorageHandler
from worker.document.spool import NewObject, Spool, remove
from worker.document.upload_ticket import Ticket, TicketState
from worker.errors import JobInterrupted, ThrottledError, UnavailableError
from worker.resilience.shared_pause import SharedPause
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown

THREADS = 2
DEFAULT_LIMIT = 20_000
_IDLE_S = 5.0
_TICK_S = 1.0
_LONGEST_PAUSE_S = 30.0
# What is left at a stop is tried while there is time.
_LONGEST_PAUSE_AT_A_STOP_S = 2.0
# Longer than any outage that a document's own attempts survive, and an end for an object that S3 never takes.
_MAX_TRIES = 20
_NAMED_AT_A_STOP = 5

_log = structlog.get_logger(__name__)


class BackgroundUploader:
    """The queue of a worker. At most `limit` entries wait; beyond it `put` waits, and then refuses."""

    def __init__(
        self,
        storage: StorageHandler,
        spool: Spool,
        *,
        shutdown: Shutdown,
        metrics: Metrics,
        random: Random,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._storage = storage
        self._spool = spool
        self._shutdown = shutdown
        self._metrics = metrics
        self._limit = limit
        self._changed = threading.Condition()
        # Ordered, because the first and any other must be taken out of thousands at once.
        self._waiting: OrderedDict[Ticket, None] = OrderedDict()
        self._running = 0
        self._pause = SharedPause(clock=shutdown.now, random=random)
        metrics.uploads_pending.set_function(lambda: self.pending)

    @property
    def pending(self) -> int:
        """How many entries are not uploaded yet."""
        return len(self._waiting) + self._running

    def put(
        self,
        objects: Iterable[NewObject],
        *,
        after: Callable[[], None] | None = None,
        check: Callable[[], None] = lambda: None,
        timeout_s: float = 30.0,
    ) -> Ticket:
        """Write objects to files, and queue these. `check` may raise to end a wait for room.

        Raises LocalFaultError when they cannot be written, UnavailableError when the queue stays full, or a
        stop is requested meanwhile.
        """
        ticket = Ticket(files=(), after=after)
        try:
            for new in objects:
                ticket.files = (*ticket.files, self._spool.write(new))
            with self._changed:
                self._wait_for_room(check, self._shutdown.now() + timeout_s)
                self._waiting[ticket] = None
                self._changed.notify_all()
        except BaseException:
            ticket.clean_up()
            raise
        return ticket

    def wait(self, ticket: Ticket, *, timeout_s: float, check: Callable[[], None] = lambda: None) -> None:
        """Wait until an entry is uploaded, or upload it; raises its error.

        Raises UnavailableError when it takes longer; the entry stays in the queue. `check` is called every
        second, and may raise to end the wait.
        """
        deadline = self._shutdown.now() + timeout_s
        while not ticket.is_over:
            if self._try_to_begin(ticket):
                self._run(ticket)
            else:
                check()
                self._wait_a_tick(ticket, deadline)
        if ticket.state is TicketState.CANCELLED:
            raise JobInterrupted("the upload was cancelled")
        if ticket.state is TicketState.FAILED and ticket.error is not None:
            raise ticket.error

    def cancel(self, ticket: Ticket, *, timeout_s: float = 0.0) -> bool:
        """End an entry: nothing more is begun of it. False when a call of it may still be under way."""
        with self._changed:
            ticket.is_cancelled = True
            if ticket.state is TicketState.WAITING:
                del self._waiting[ticket]
                self._end(ticket, TicketState.CANCELLED)
            deadline = self._shutdown.now() + timeout_s
            while not ticket.is_over and (left_s := deadline - self._shutdown.now()) > 0:
                self._changed.wait(min(left_s, _TICK_S))
            is_over = ticket.is_over
        if is_over:
            ticket.clean_up()
        return is_over

    def step(self, *, wait_s: float = _IDLE_S) -> None:
        """Upload the first entry that is due; waits up to `wait_s` for one."""
        with self._changed:
            ticket = self._first_due()
            if ticket is None:
                pause_s = self._pause.left_s
                self._changed.wait(min(wait_s, pause_s) if self._waiting and pause_s else wait_s)
                ticket = self._first_due()
            if ticket is None:
                return
            self._begin(ticket)
        self._run(ticket)

    def hurry(self) -> None:
        """Try what waits for a service once more before the worker stops; ends the wait of every `step`."""
        with self._changed:
            self._pause.shorten(_LONGEST_PAUSE_AT_A_STOP_S)
            self._changed.notify_all()

    def close(self) -> int:
        """Forget what still waits, at the end of the worker; returns how many entries were not uploaded."""
        with self._changed:
            left, self._waiting = list(self._waiting), OrderedDict()
            for ticket in left:
                ticket.error = UnavailableError(f"{ticket.name} was not written before the worker stopped")
                self._end(ticket, TicketState.FAILED)
            count = len(left) + self._running
        if count:
            names = [ticket.name for ticket in left[:_NAMED_AT_A_STOP]]
            _log.warning("uploads_left", uploads=count, first=names)
        for ticket in left:
            ticket.clean_up()
        return count

    def _wait_a_tick(self, ticket: Ticket, deadline: float) -> None:
        with self._changed:
            if ticket.is_over:
                return
            left_s = deadline - self._shutdown.now()
            if left_s <= 0:
                cause = f" The last error: {ticket.error}" if ticket.error else ""
                raise UnavailableError(f"{ticket.name} was not written in time.{cause}")
            self._changed.wait(min(left_s, _TICK_S))

    def _wait_for_room(self, check: Callable[[], None], deadline: float) -> None:
        while len(self._waiting) >= self._limit:
            check()
            left_s = deadline - self._shutdown.now()
            if left_s <= 0 or self._shutdown.is_requested:
                raise UnavailableError(
                    f"{self._limit} uploads to bucket {self._storage.results_bucket} wait already "
                    "(CIS_MAX_PENDING_UPLOADS); the document is read again when S3 takes them"
                )
            self._changed.wait(min(left_s, _TICK_S))

    def _first_due(self) -> Ticket | None:
        return None if self._pause.left_s else next(iter(self._waiting), None)

    def _try_to_begin(self, ticket: Ticket) -> bool:
        """Take an entry out of the queue to run it here: one that was never tried at once, else when due."""
        with self._changed:
            is_due = not ticket.tries or not self._pause.left_s
            if ticket.state is not TicketState.WAITING or not is_due:
                return False
            self._begin(ticket)
            return True

    def _begin(self, ticket: Ticket) -> None:
        del self._waiting[ticket]
        ticket.state = TicketState.RUNNING
        self._running += 1
        # There is room for one more.
        self._changed.notify_all()

    def _run(self, ticket: Ticket) -> None:
        state = TicketState.SAVED
        try:
            self._upload_files(ticket)
            if ticket.after is not None:
                # Not repeated here: botocore did, and the caller's next entry says more than this one.
                ticket.after()
        except (ThrottledError, UnavailableError) as error:
            ticket.error = error
            state = TicketState.WAITING if ticket.files else TicketState.FAILED
        except Exception as error:  # noqa: BLE001  (it is raised where the entry is waited for)
            ticket.error = error
            state = TicketState.FAILED
            _log.warning("upload_failed", key=ticket.name, error=type(error).__name__, reason=str(error))
        with self._changed:
            self._running -= 1
            if state is TicketState.WAITING:
                state = self._postpone(ticket)
            if state is not TicketState.WAITING:
                self._end(ticket, state)
        if ticket.is_over:
            ticket.clean_up()

    def _upload_files(self, ticket: Ticket) -> None:
        def check() -> None:
            if ticket.is_cancelled:
                raise JobInterrupted("the upload was cancelled")

        while ticket.files:
            file = ticket.files[0]
            # Kept over a pause: a large file goes on after the part that arrived last.
            ticket.upload = ticket.upload or self._storage.start_upload(file)
            ticket.upload.run(check=check)
            ticket.upload, ticket.files = None, ticket.files[1:]
            remove(file)
            self._pause.end()
        check()

    def _postpone(self, ticket: Ticket) -> TicketState:
        """Put an entry at the end of the queue and pause; or end it."""
        ticket.tries += 1
        if ticket.is_cancelled:
            return TicketState.CANCELLED
        if ticket.tries >= _MAX_TRIES:
            return TicketState.FAILED
        longest_s = _LONGEST_PAUSE_AT_A_STOP_S if self._shutdown.is_requested else _LONGEST_PAUSE_S
        self._pause.begin(ticket.error, longest_s=longest_s)
        ticket.state = TicketState.WAITING
        self._waiting[ticket] = None
        self._metrics.uploads.labels(result="postponed").inc()
        _log.warning("upload_postponed", key=ticket.name, tries=ticket.tries, reason=str(ticket.error))
        self._changed.notify_all()
        return TicketState.WAITING

    def _end(self, ticket: Ticket, state: TicketState) -> None:
        is_saved = state is TicketState.SAVED
        ticket.state = state if is_saved or not ticket.is_cancelled else TicketState.CANCELLED
        # The files stay named until they are removed; what `after` holds may be a whole document.
        ticket.after = None
        self._metrics.uploads.labels(result=ticket.state.value).inc()
        self._changed.notify_all()
