"""cProfile over all threads of a process, by CPU time: how often a function is called, and what it takes."""

from __future__ import annotations

import cProfile
import threading
import time
from types import CodeType

from worker.runtime.profiling.function_label import code_label

Calls = dict[str, tuple[int, float, float]]
"""By function: calls, its own CPU seconds, those with what it calls."""


class CallCounter:
    """Counts in the thread that starts it, and in every thread that begins afterwards."""

    def __init__(self) -> None:
        self._profiles: list[cProfile.Profile] = []
        self._here = threading.local()

    def start(self) -> None:
        """Begin."""
        threading.setprofile(self._begin_here)
        self._begin_here()

    def stop(self) -> None:
        """Count no longer in this thread, nor in new ones."""
        threading.setprofile(None)  # which undoes it
        self._here.profile.disable()

    def calls(self) -> Calls:
        """The calls that have ended; those of this thread that have not are cut off here."""
        profile = getattr(self._here, "profile", None)
        if profile is not None:
            # Only now it counts the functions that are still running.
            profile.disable()
        found: Calls = {}
        for one in self._profiles:
            for entry in one.getstats():
                code = entry.code
                label = code_label(code) if isinstance(code, CodeType) else str(code)
                calls, own_s, with_callees_s = found.get(label, (0, 0.0, 0.0))
                found[label] = (
                    calls + entry.callcount,
                    own_s + entry.inlinetime,
                    with_callees_s + entry.totaltime,
                )
        if profile is not None:
            profile.enable()
        return found

    def _begin_here(self, *_: object) -> None:
        """Replace this hook, which a new thread calls at its first function, by a profile of its own."""
        profile = cProfile.Profile(time.thread_time)
        self._here.profile = profile
        self._profiles.append(profile)
        profile.enable()
