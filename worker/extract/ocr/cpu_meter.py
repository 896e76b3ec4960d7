"""CpuMeter: the CPU time of each page that is OCRed, in this process and in the programs it starts."""

from __future__ import annotations

import resource
import threading
import time


class CpuMeter:
    """Shared by the threads that OCR pages, each page by one of them.

    Which thread started a program is not known when it has ended, so a page is given all programs that ended
    since the last one: of two pages read side by side either may have the other's, and their sum is right.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._taken_s = 0.0

    def begin(self) -> float:
        """Begin a page; give the result to `end`, in the same thread."""
        with self._lock:
            if not self._running:
                # What ran before (a conversion, a preview) was no OCR.
                self._taken_s = _programs_s()
            self._running += 1
        return time.thread_time()

    def end(self, begun: float) -> float:
        """CPU seconds of the page."""
        with self._lock:
            self._running -= 1
            programs_s = _programs_s()
            since_s, self._taken_s = programs_s - self._taken_s, programs_s
        return round(time.thread_time() - begun + since_s, 3)


def _programs_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
