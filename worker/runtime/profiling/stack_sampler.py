"""The stacks of all threads, each with the CPU time that its thread used since the sample before.

Each thread samples itself, at a call or a return, so that none waits for the interpreter's lock to be seen: a
sampler in a thread of its own gets that lock when the others give it up, and finds them where they send and
receive, whatever they did before. The CPU clock of the thread is read for each sample, hence one that waits
weighs nothing. Threads that libraries start without Python, as those of the network, cannot be seen so: what
the process used and no thread of Python did is theirs. pyinstrument has the hook that is quick enough for
this; its own profiler knows one thread.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType

from pyinstrument.low_level.stat_profile import setstatprofile

from worker.runtime.profiling.function_label import code_label

BEFORE = "(fork)"
"""What a reader used before it began to sample."""
PROFILER = "(profiler)"
"""What sampling itself used."""
LIBRARIES = "(threads of libraries)"
"""What threads used that run no Python, as those in which the network calculates."""
SEPARATOR = ";"

# Short, since what a thread did between its last sample and a wait counts as that of the call that waits.
_INTERVAL_S = 0.0005
# What calls the functions that threads are started for.
_PLUMBING = ("threading.py:", "concurrent/futures/thread.py:", "<frozen runpy>:")

Stack = tuple[CodeType | str, ...]


@dataclass(slots=True)
class _Samples:
    """What one thread found; `seen_s` is its CPU clock at its last sample, `begun_s` at its first."""

    begun_s: float
    seen_s: float
    stacks: defaultdict[Stack, float] = field(default_factory=lambda: defaultdict(float))


class _Thread(threading.local):
    samples: _Samples


class StackSampler:
    """Samples the thread that starts it, and every thread that begins afterwards."""

    def __init__(self) -> None:
        self._here = _Thread()
        self._all: list[_Samples] = []
        self._begun_s = 0.0

    def start(self, *, before: bool) -> None:
        """Begin; with `before`, what this process used until now is a sample, too."""
        threading.setprofile(self._begin_here)
        self._begun_s = time.process_time()
        self._begin_here()
        if before:
            self._here.samples.stacks[(BEFORE,)] = self._begun_s

    def stop(self) -> None:
        """Sample no longer in this thread, nor in new ones."""
        threading.setprofile(None)
        setstatprofile(None)

    def stacks(self) -> Mapping[str, float]:
        """CPU seconds so far by stack, whose frames are joined by `;`, the first call first."""
        found: defaultdict[str, float] = defaultdict(float)
        seen_s = 0.0
        for samples in list(self._all):
            seen_s += samples.seen_s - samples.begun_s
            for stack, used_s in list(samples.stacks.items()):
                found[_joined(stack)] += used_s
        found[LIBRARIES] = max(0.0, time.process_time() - self._begun_s - seen_s)
        return found

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Count the block as the profiler's own, in this thread."""
        setstatprofile(None)
        began_s = time.thread_time()
        try:
            yield
        finally:
            here = self._here.samples
            here.stacks[(PROFILER,)] += time.thread_time() - began_s
            here.seen_s = time.thread_time()
            setstatprofile(self._take, _INTERVAL_S)

    def _begin_here(self, *_: object) -> None:
        """Replace this hook, which a new thread calls at its first function."""
        now_s = time.thread_time()
        self._here.samples = _Samples(begun_s=now_s, seen_s=now_s)
        self._all.append(self._here.samples)
        setstatprofile(self._take, _INTERVAL_S)

    def _take(self, frame: FrameType | None, event: str, function: object) -> None:
        here = self._here.samples
        began_s = time.thread_time()
        # In the order of the way back to the first call.
        stack: list[CodeType | str] = []
        if event == "c_return":
            stack.append(f"<{getattr(function, '__qualname__', 'C')}>")
        elif event == "call" and frame is not None:
            # It has done nothing yet. What C code did without an event (ctypes) was its caller's.
            frame = frame.f_back
        while frame is not None:
            stack.append(frame.f_code)
            frame = frame.f_back
        here.stacks[tuple(stack)] += began_s - here.seen_s
        here.seen_s = time.thread_time()
        here.stacks[(PROFILER,)] += here.seen_s - began_s


def _joined(stack: Stack) -> str:
    frames = [frame if isinstance(frame, str) else code_label(frame) for frame in reversed(stack)]
    while len(frames) > 1 and frames[0].startswith(_PLUMBING):
        del frames[0]
    return SEPARATOR.join(frame.replace(SEPARATOR, ",") for frame in frames)
