"""SourceGate: a circuit breaker per source bucket, for refusals.

A refusal (403, AccessDenied, KMS, a wrong clock, a missing bucket) may be the fault of one file or of the
whole bucket, and the answer does not say which. Other files do:

    refused, nothing else known         -> tried again soon, not counted
    different keys refused in a row     -> the bucket is out: its files are not started, one now and then is
    refused, another key read, refused  -> the file's own fault: counted, dead-lettered at the limit
    refused alone for a quarter hour    -> the same, since no other file can say more
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import IntEnum

import structlog

from worker.errors import Code, SourceRefusedError

_FIRST_PROBE_S = 20.0
_LONGEST_PROBE_S = 180.0
_RETRY_S = 15.0
# A probe is answered within this time; what waits comes back just after it.
_ANSWER_S = 5.0
# A file that was refused before may be at fault itself, so another one is the better probe.
_REFUSED_FILES_LATER_S = 10.0
_ALONE_S = 900.0
# Far more than files in flight: older ones are forgotten, and start over.
_REMEMBERED_KEYS = 1_000
# No object has this key.
_BUCKET_ITSELF = ""

_log = structlog.get_logger(__name__)


class Access(IntEnum):
    """What a call on a source needs; a success of one kind says nothing about the later ones."""

    HEAD = 1
    GET = 2
    """May need the key of an encrypted object as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRefusal:
    """A bucket that refuses: the last answer, since when, and whether the bucket as a whole is out."""

    bucket: str
    code: Code
    message: str
    lasting_s: float
    is_out: bool


@dataclass(kw_only=True, slots=True)
class _Refused:
    access: Access
    first_at: float
    last_at: float
    is_explained: bool = False
    """Another key was read between two refusals of this one, which therefore say nothing of the bucket."""


@dataclass(kw_only=True, slots=True)
class _Bucket:
    is_trusted: bool
    refused: dict[str, _Refused] = field(default_factory=dict)
    """Keys refused with no success of another key since."""
    suspected: dict[str, float] = field(default_factory=dict)
    """Keys refused before another key was read, and since when: at fault if they are refused once more."""
    out_since: float | None = None
    probe_at: float = 0.0
    probe_interval_s: float = _FIRST_PROBE_S
    probed_at: float | None = None
    code: Code = Code.SOURCE_FORBIDDEN
    message: str = ""

    @property
    def seems_out(self) -> bool:
        """Whether different keys, or the bucket itself, were refused with no success between."""
        unexplained = sum(not refused.is_explained for refused in self.refused.values())
        return unexplained > 1 or _BUCKET_ITSELF in self.refused


class SourceGate:
    """Decides about refusals of the source buckets; may be shared by threads.

    A bucket is trusted when it is in `allowed`, or has answered once: only then can it be out. Any other one
    may come from a forged message, whose refusals are its own fault.
    """

    def __init__(self, allowed: Collection[str] = (), *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._allowed = frozenset(allowed)
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, bucket: str, key: str) -> None:
        """Return when work on a file may start. Raises SourceRefusedError while its bucket is out."""
        with self._lock:
            state = self._buckets.get(bucket)
            if state is None or state.out_since is None:
                return
            now = self._clock()
            probe_at = state.probe_at + (_REFUSED_FILES_LATER_S if key in state.refused else 0.0)
            if now >= probe_at:
                state.probed_at = now
                state.probe_at = now + state.probe_interval_s
                return
            is_probing = state.probed_at is not None and now - state.probed_at < _ANSWER_S
            wait_s = _ANSWER_S if is_probing else probe_at - now + _ANSWER_S
            raise SourceRefusedError(
                f"Bucket {bucket} refuses its files: they wait, one is tried in {probe_at - now:.0f} s. "
                f"The last answer: {state.message}",
                code=state.code,
                counts_as_failure=False,
                retry_after_s=wait_s,
            )

    def now(self) -> float:
        """The time to give to `on_success`, taken before the call."""
        return self._clock()

    def on_success(self, bucket: str, key: str, access: Access, *, began: float) -> None:
        """Record that a call on an object, which began at `began`, was answered."""
        with self._lock:
            state = self._buckets.setdefault(bucket, _Bucket(is_trusted=bucket in self._allowed))
            state.is_trusted = True
            if access is Access.GET or state.refused.get(key, _NOTHING).access is Access.HEAD:
                state.refused.pop(key, None)
                state.suspected.pop(key, None)
            # A call that began before the refusal of another one does not say that this is over.
            for other in [k for k, r in state.refused.items() if r.access <= access and r.last_at <= began]:
                state.suspected[other] = state.refused.pop(other).first_at
            _forget(state.suspected)
            if state.out_since is None or state.seems_out:
                return
            out_s = self._clock() - state.out_since
            state.out_since, state.probed_at, state.probe_interval_s = None, None, _FIRST_PROBE_S
        _log.info("source_readable_again", bucket=bucket, seconds=round(out_s))

    def on_refusal(
        self, bucket: str, key: str | None, access: Access, *, code: Code, message: str
    ) -> SourceRefusedError:
        """Record a refusal of an object (None: of the bucket itself); returns the error to raise for it."""
        with self._lock:
            state = self._buckets.get(bucket)
            if state is None:
                state = _Bucket(is_trusted=bucket in self._allowed)
                # Buckets of forged messages are not remembered: there may be any number of them.
                if state.is_trusted:
                    self._buckets[bucket] = state
            if not state.is_trusted:
                return SourceRefusedError(message, code=code, counts_as_failure=True)
            state.code, state.message = code, message
            now = self._clock()
            is_own_fault = self._note(state, _BUCKET_ITSELF if key is None else key, access, now)
            was_out = state.out_since is not None
            if was_out or state.seems_out:
                wait_s = self._open(state, now)
            elif is_own_fault:
                return SourceRefusedError(message, code=code, counts_as_failure=True)
            else:
                wait_s = _RETRY_S
        if state.out_since is not None and not was_out:
            _log.error("source_refused", bucket=bucket, code=code.value, reason=message)
        return SourceRefusedError(message, code=code, counts_as_failure=False, retry_after_s=wait_s)

    def refusals(self) -> list[SourceRefusal]:
        """The buckets that refused their last file, for readyz and metrics."""
        with self._lock:
            now = self._clock()
            return [
                SourceRefusal(
                    bucket=bucket,
                    code=state.code,
                    message=state.message,
                    lasting_s=now - min(refused.first_at for refused in state.refused.values()),
                    is_out=state.out_since is not None,
                )
                for bucket, state in self._buckets.items()
                if state.refused
            ]

    def is_closed(self) -> bool:
        """Whether every bucket of the allow-list is out, so that no file can be started."""
        with self._lock:
            states = [self._buckets.get(bucket) for bucket in self._allowed]
            return bool(states) and all(state and state.out_since is not None for state in states)

    def _note(self, state: _Bucket, key: str, access: Access, now: float) -> bool:
        """Remember a refused key; whether all that is known says that it is the file's own fault."""
        # Each count needs a success of its own: two outages in a row must not look like one bad file.
        suspected_since = state.suspected.pop(key, None)
        first_at = now if suspected_since is None else suspected_since
        refused = state.refused.setdefault(key, _Refused(access=access, first_at=first_at, last_at=now))
        refused.access, refused.last_at = access, now
        refused.is_explained = suspected_since is not None
        _forget(state.refused)
        return refused.is_explained or (len(state.refused) == 1 and now - refused.first_at >= _ALONE_S)

    def _open(self, state: _Bucket, now: float) -> float:
        """Open the breaker, or keep it open when its probe was refused; the seconds until the next probe."""
        if state.out_since is None:
            state.out_since = min(refused.first_at for refused in state.refused.values())
            state.probe_interval_s = _FIRST_PROBE_S
            state.probe_at = now + state.probe_interval_s
        elif state.probed_at is not None:
            state.probe_interval_s = min(_LONGEST_PROBE_S, 2.0 * state.probe_interval_s)
            state.probe_at = now + state.probe_interval_s
        state.probed_at = None
        return state.probe_at - now + _REFUSED_FILES_LATER_S


_NOTHING = _Refused(access=Access.GET, first_at=0.0, last_at=0.0)


def _forget(keys: dict[str, _Refused] | dict[str, float]) -> None:
    while len(keys) > _REMEMBERED_KEYS:
        keys.pop(next(iter(keys)))
