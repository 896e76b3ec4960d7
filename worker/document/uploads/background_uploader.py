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
from worker.document.uploads.spool import NewObject, Spool, remove
from worker.document.uploads.upload_entry import UploadEntry, UploadState
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
        self._waiting: OrderedDict[UploadEntry, None] = OrderedDict()
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
    ) -> UploadEntry:
        """Write objects to files, and queue these. `check` may raise to end a wait for room.

        Raises LocalFaultError when they cannot be written, UnavailableError when the queue stays full, or a
        stop is requested meanwhile.
        """
        entry = UploadEntry(files=(), after=after)
        try:
            for new in objects:
                entry.files = (*entry.files, self._spool.write(new))
            with self._changed:
                self._wait_for_room(check, self._shutdown.now() + timeout_s)
                self._waiting[entry] = None
                self._changed.notify_all()
        except BaseException:
            entry.clean_up()
            raise
        return entry

    def wait(self, entry: UploadEntry, *, timeout_s: float, check: Callable[[], None] = lambda: None) -> None:
        """Wait until an entry is uploaded, or upload it; raises its error.

        Raises UnavailableError when it takes longer; the entry stays in the queue. `check` is called every
        second, and may raise to end the wait.
        """
        deadline = self._shutdown.now() + timeout_s
        while not entry.is_over:
            if self._try_to_begin(entry):
                self._run(entry)
            else:
                check()
                self._wait_a_tick(entry, deadline)
        if entry.state is UploadState.CANCELLED:
            raise JobInterrupted("the upload was cancelled")
        if entry.state is UploadState.FAILED and entry.error is not None:
            raise entry.error

    def cancel(self, entry: UploadEntry, *, timeout_s: float = 0.0) -> bool:
        """End an entry: nothing more is begun of it. False when a call of it may still be under way."""
        with self._changed:
            entry.is_cancelled = True
            if entry.state is UploadState.WAITING:
                del self._waiting[entry]
                self._end(entry, UploadState.CANCELLED)
            deadline = self._shutdown.now() + timeout_s
            while not entry.is_over and (left_s := deadline - self._shutdown.now()) > 0:
                self._changed.wait(min(left_s, _TICK_S))
            is_over = entry.is_over
        if is_over:
            entry.clean_up(is_stopping=self._shutdown.is_requested)
        return is_over

    def step(self, *, wait_s: float = _IDLE_S) -> None:
        """Upload the first entry that is due; waits up to `wait_s` for one."""
        with self._changed:
            entry = self._first_due()
            if entry is None:
                pause_s = self._pause.left_s
                self._changed.wait(min(wait_s, pause_s) if self._waiting and pause_s else wait_s)
                entry = self._first_due()
            if entry is None:
                return
            self._begin(entry)
        self._run(entry)

    def hurry(self) -> None:
        """Try what waits for a service once more before the worker stops; ends the wait of every `step`."""
        with self._changed:
            self._pause.shorten(_LONGEST_PAUSE_AT_A_STOP_S)
            self._changed.notify_all()

    def close(self) -> int:
        """Forget what still waits, at the end of the worker; returns how many entries were not uploaded."""
        with self._changed:
            left, self._waiting = list(self._waiting), OrderedDict()
            for entry in left:
                entry.error = UnavailableError(f"{entry.name} was not written before the worker stopped")
                self._end(entry, UploadState.FAILED)
            count = len(left) + self._running
        if count:
            names = [entry.name for entry in left[:_NAMED_AT_A_STOP]]
            _log.warning("uploads_left", uploads=count, first=names)
        for entry in left:
            entry.clean_up(is_stopping=True)
        return count

    def _wait_a_tick(self, entry: UploadEntry, deadline: float) -> None:
        with self._changed:
            if entry.is_over:
                return
            left_s = deadline - self._shutdown.now()
            if left_s <= 0:
                cause = f" The last error: {entry.error}" if entry.error else ""
                raise UnavailableError(f"{entry.name} was not written in time.{cause}")
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

    def _first_due(self) -> UploadEntry | None:
        return None if self._pause.left_s else next(iter(self._waiting), None)

    def _try_to_begin(self, entry: UploadEntry) -> bool:
        """Take an entry out of the queue to run it here: one that was never tried at once, else when due."""
        with self._changed:
            is_due = not entry.tries or not self._pause.left_s
            if entry.state is not UploadState.WAITING or not is_due:
                return False
            self._begin(entry)
            return True

    def _begin(self, entry: UploadEntry) -> None:
        del self._waiting[entry]
        entry.state = UploadState.RUNNING
        self._running += 1
        # There is room for one more.
        self._changed.notify_all()

    def _run(self, entry: UploadEntry) -> None:
        state = UploadState.SAVED
        try:
            entry.context.run(self._upload, entry)
        except (ThrottledError, UnavailableError) as error:
            entry.error = error
            state = UploadState.WAITING if entry.files else UploadState.FAILED
        except Exception as error:  # noqa: BLE001  (it is raised where the entry is waited for)
            entry.error = error
            state = UploadState.FAILED
            _log.warning("upload_failed", key=entry.name, error=type(error).__name__, reason=str(error))
        with self._changed:
            self._running -= 1
            if state is UploadState.WAITING:
                state = self._postpone(entry)
            if state is not UploadState.WAITING:
                self._end(entry, state)
        if entry.is_over:
            entry.clean_up(is_stopping=self._shutdown.is_requested)

    def _upload(self, entry: UploadEntry) -> None:
        self._upload_files(entry)
        if entry.after is not None:
            # Not repeated here: botocore did, and the caller's next entry says more than this one.
            entry.after()

    def _upload_files(self, entry: UploadEntry) -> None:
        def check() -> None:
            if entry.is_cancelled:
                raise JobInterrupted("the upload was cancelled")

        while entry.files:
            file = entry.files[0]
            # Kept over a pause: a large file goes on after the part that arrived last.
            entry.upload = entry.upload or self._storage.start_upload(file)
            entry.upload.run(check=check)
            entry.upload, entry.files = None, entry.files[1:]
            remove(file)
            self._pause.end()
        check()

    def _postpone(self, entry: UploadEntry) -> UploadState:
        """Put an entry at the end of the queue and pause; or end it."""
        entry.tries += 1
        if entry.is_cancelled:
            return UploadState.CANCELLED
        if entry.tries >= _MAX_TRIES:
            return UploadState.FAILED
        longest_s = _LONGEST_PAUSE_AT_A_STOP_S if self._shutdown.is_requested else _LONGEST_PAUSE_S
        self._pause.begin(entry.error, longest_s=longest_s)
        entry.state = UploadState.WAITING
        self._waiting[entry] = None
        self._metrics.uploads.labels(result="postponed").inc()
        _log.warning("upload_postponed", key=entry.name, tries=entry.tries, reason=str(entry.error))
        self._changed.notify_all()
        return UploadState.WAITING

    def _end(self, entry: UploadEntry, state: UploadState) -> None:
        is_saved = state is UploadState.SAVED
        entry.state = state if is_saved or not entry.is_cancelled else UploadState.CANCELLED
        # The files stay named until they are removed; what `after` holds may be a whole document.
        entry.after = None
        self._metrics.uploads.labels(result=entry.state.value).inc()
        self._changed.notify_all()
