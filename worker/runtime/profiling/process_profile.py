"""The profile of one process: it begins, is written now and then, and ends.

A record has the figures since the begin; the last one of a process is the one that counts. So a process that
may be killed at any time, as readers are, writes one before each message after which it may happen.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.runtime.profiling.function_label import function_label
from worker.runtime.profiling.profile_order import ProfileKind, ProfileOrder

if TYPE_CHECKING:
    import tracemalloc

    from worker.runtime.profiling.call_counter import CallCounter
    from worker.runtime.profiling.stack_sampler import StackSampler

_LINES = 400
_PROGRAMS = ("tesseract", "pdftoppm", "pdfinfo", "soffice", "soffice.bin")


class ProcessProfile:
    """Of this process; `descriptor` is where its records go."""

    def __init__(self, order: ProfileOrder, *, process: str, descriptor: int) -> None:
        self._order = order
        self._process = process
        self._descriptor = descriptor
        self._programs: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._start_cpu_s = 0.0
        # Loaded by who asks for them alone, as they cost time and memory; and before a reader is forked.
        self._sampler: StackSampler | None = None
        self._calls: CallCounter | None = None
        match order.kind:
            case ProfileKind.SAMPLES:
                from worker.runtime.profiling.stack_sampler import StackSampler  # noqa: PLC0415

                self._sampler = StackSampler()
            case ProfileKind.CALLS:
                from worker.runtime.profiling.call_counter import CallCounter  # noqa: PLC0415

                self._calls = CallCounter()
            case ProfileKind.ALLOCATIONS:
                import tracemalloc  # noqa: F401, PLC0415

    def begin(self) -> None:
        """Begin; in a reader before it is confined."""
        is_reader = self._process == "reader"
        sys.addaudithook(self._on_event)
        self._start_cpu_s = 0.0 if is_reader else time.process_time()
        if self._sampler is not None:
            self._sampler.start(before=is_reader)
        if self._calls is not None:
            self._calls.start()
        if self._order.kind is ProfileKind.ALLOCATIONS:
            import tracemalloc  # noqa: PLC0415

            tracemalloc.start()

    def save(self, label: str = "") -> None:
        """Append a record; one that cannot be written is lost, and the work goes on."""
        with self._sampler.pause() if self._sampler is not None else nullcontext(), self._lock:
            record = json.dumps(self._record(label), ensure_ascii=False)
            with suppress(OSError):
                # At once, or records of several processes would be mixed up.
                os.write(self._descriptor, f"{record}\n".encode("utf-8", "replace"))

    def end(self) -> None:
        """Write the last record, and stop."""
        self.save()
        if self._sampler is not None:
            self._sampler.stop()
        if self._calls is not None:
            self._calls.stop()

    def _record(self, label: str) -> Mapping[str, Any]:
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        record: dict[str, Any] = {
            "process": self._process,
            "label": label,
            "pid": os.getpid(),
            "cpu_s": time.process_time() - self._start_cpu_s,
            "programs_cpu_s": children.ru_utime + children.ru_stime,
            "programs": dict(self._programs),
            "largest_kib": own.ru_maxrss,
            "programs_largest_kib": children.ru_maxrss,
        }
        if self._sampler is not None:
            record["stacks"] = self._sampler.stacks()
        if self._calls is not None:
            record["calls"] = self._calls.calls()
        if self._order.kind is ProfileKind.ALLOCATIONS:
            record["allocations"] = _allocations()
        return record

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            words = [Path(os.fsdecode(word)).name for word in arguments[1]]
            # A shell that lowers limits, or `env`, may stand before the program.
            self._programs[next((word for word in words if word in _PROGRAMS), words[0])] += 1


def _allocations() -> Mapping[str, Any]:
    """Python's memory now and at most, and the lines that hold the most of it."""
    import tracemalloc  # noqa: PLC0415

    gc.collect()
    now_bytes, most_bytes = tracemalloc.get_traced_memory()
    statistics = tracemalloc.take_snapshot().statistics("lineno")[:_LINES]
    return {
        "now_bytes": now_bytes,
        "most_bytes": most_bytes,
        "profiler_bytes": tracemalloc.get_tracemalloc_memory(),
        "lines": {_place(one.traceback[0]): (one.size, one.count) for one in statistics},
    }


def _place(frame: tracemalloc.Frame) -> str:
    return function_label(frame.filename, str(frame.lineno))
