"""`threading`, `queue`, `selectors` and `time` as the worker uses them, on the scheduler of a simulation.

Short waits are made longer: on a slow machine a loop comes to its turn late, and a simulation of hours must
not spend its time on idle loops. What wakes a wait early does so in time.
"""

from __future__ import annotations

import queue as real_queue
import selectors as real_selectors
import threading as real_threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tests.resilience.clock import Signal
from tests.resilience.scheduler import Scheduler, Task

_SHORT_S = 2.5
_REAL_TURN_S = 0.05
_active: list[Scheduler] = []


def activate(scheduler: Scheduler | None) -> None:
    """Make a scheduler that of all simulated primitives; None ends that."""
    _active[:] = [] if scheduler is None else [scheduler]


def scheduler() -> Scheduler:
    """The scheduler in use."""
    return _active[0]


def _slowed(timeout_s: float | None) -> float | None:
    if timeout_s is None or not 0 < timeout_s < _SHORT_S:
        return timeout_s
    return scheduler().random.uniform(*scheduler().slow_s)


def monotonic() -> float:
    return scheduler().now


class Lock:
    """threading.Lock; a thread that waits for it gives its turn up."""

    def __init__(self) -> None:
        self._holder: Task | None = None
        self._depth = 0
        self._free = Signal()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = scheduler().current
        while self._holder is not None and not self._may_enter(me):
            if not blocking:
                return False
            if not scheduler().wait(self._free, None if timeout < 0 else timeout) and timeout >= 0:
                return False
        self._holder = me
        self._depth += 1
        return True

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._holder = None
            scheduler().notify(self._free)

    def locked(self) -> bool:
        return self._holder is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _may_enter(self, _me: Task) -> bool:
        return False


class RLock(Lock):
    """threading.RLock."""

    def _may_enter(self, me: Task) -> bool:
        return self._holder is me


class Event:
    """threading.Event."""

    def __init__(self) -> None:
        self._is_set = False
        self._signal = Signal()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        scheduler().notify(self._signal)

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._is_set:
            scheduler().wait(self._signal, _slowed(timeout))
        return self._is_set


class Condition:
    """threading.Condition."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or RLock()
        self._signal = Signal()
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        self._lock.release()
        try:
            return scheduler().wait(self._signal, _slowed(timeout))
        finally:
            self._lock.acquire()

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        ends = None if timeout is None else scheduler().now + timeout
        while not (result := predicate()):
            left = None if ends is None else ends - scheduler().now
            if left is not None and left <= 0:
                break
            self.wait(left)
        return result

    def notify(self, n: int = 1) -> None:  # noqa: ARG002
        scheduler().notify(self._signal)

    def notify_all(self) -> None:
        scheduler().notify(self._signal)


class SimpleQueue:
    """queue.SimpleQueue."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._signal = Signal()

    def __class_getitem__(cls, _item: object) -> type[SimpleQueue]:
        return cls

    def put(self, item: object, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002
        self._items.append(item)
        scheduler().notify(self._signal)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        slowed = _slowed(timeout)
        ends = None if slowed is None else scheduler().now + slowed
        while not self._items:
            left = None if ends is None else ends - scheduler().now
            if not block or (left is not None and left <= 0):
                raise real_queue.Empty
            scheduler().wait(self._signal, left)
        return self._items.popleft()

    def get_nowait(self) -> Any:
        return self.get(block=False)

    def empty(self) -> bool:
        return not self._items

    def qsize(self) -> int:
        return len(self._items)


class Thread:
    """threading.Thread, in the process of the thread that starts it."""

    def __init__(
        self,
        group: None = None,  # noqa: ARG002
        target: Callable[..., object] | None = None,
        name: str | None = None,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> None:
        self._call = lambda: target(*args, **(kwargs or {})) if target else None
        self.name = name or "thread"
        self.daemon = daemon
        self._task: Task | None = None

    def start(self) -> None:
        self._task = scheduler().spawn(self.name, self._call, scheduler().current.process)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.ended

    def join(self, timeout: float | None = None) -> None:
        if self._task is not None and not self._task.ended:
            scheduler().wait(self._task.end, _slowed(timeout))


class Selector:
    """selectors.DefaultSelector over in-memory channels, which have `ready` and `signal`, or over real ones.

    What a real process does takes no virtual time, but for the turns in which it has not answered yet.
    """

    def __init__(self) -> None:
        self._channels: dict[Any, Any] = {}
        self._changed = Signal()
        self._real = real_selectors.DefaultSelector()

    def register(self, channel: Any, events: int, data: object = None) -> None:
        if not hasattr(channel, "ready"):
            self._real.register(channel, events, data)
            return
        self._channels[channel] = data
        channel.signal = self._changed
        if channel.ready:
            scheduler().notify(self._changed)

    def unregister(self, channel: Any) -> None:
        if hasattr(channel, "ready"):
            del self._channels[channel]
        else:
            self._real.unregister(channel)

    def select(self, timeout: float | None = None) -> list[Any]:
        if self._real.get_map():
            # The first is the fork server; without documents it has nothing to say.
            is_busy = len(self._real.get_map()) > 1
            if not (events := self._real.select(_REAL_TURN_S if is_busy else 0)):
                scheduler().wait(self._changed, _slowed(timeout))
                events = self._real.select(0)
            return events
        if not (ready := self._ready()):
            scheduler().wait(self._changed, _slowed(timeout))
            ready = self._ready()
        return ready

    def close(self) -> None:
        self._channels.clear()
        self._real.close()

    def _ready(self) -> list[tuple[_Key, int]]:
        return [(_Key(data), 1) for channel, data in self._channels.items() if channel.ready]


class _Key:
    def __init__(self, data: object) -> None:
        self.data = data


class Namespace:
    """A module with some of its names replaced."""

    def __init__(self, module: object, **names: object) -> None:
        self._module = module
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


THREADING = Namespace(real_threading, Lock=Lock, RLock=RLock, Event=Event, Condition=Condition, Thread=Thread)
QUEUE = Namespace(real_queue, SimpleQueue=SimpleQueue, Queue=SimpleQueue)
