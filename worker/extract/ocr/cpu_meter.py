"""CpuMeter: the CPU time of each page that is OCRed, in all threads of this process and in its programs."""

from __future__ import annotations

import resource
import threading


class CpuMeter:
    """Shared by the threads that OCR pages, each page by one of them.

    The network calculates in threads of its own, and which thread started a program is not known when it has
    ended. So a page is given all that was used since the last one: of two pages read side by side either may
    have the other's, and their sum is right.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._taken_s = 0.0

    def begin(self) -> None:
        """Begin a page, which `end` ends."""
        with self._lock:
            if not self._running:
                # What ran before (a conversion, a preview) was no OCR.
                self._taken_s = _used_s()
            self._running += 1

    def end(self) -> float:
        """CPU seconds of the page."""
        with self._lock:
            self._running -= 1
            used_s = _used_s()
            since_s, self._taken_s = used_s - self._taken_s, used_s
        return round(since_s, 3)


def _used_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
