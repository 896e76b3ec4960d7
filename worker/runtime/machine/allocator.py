"""The C library's memory allocator, set for a process with many threads that runs for weeks.

glibc gives threads heaps of their own, up to eight a core: each keeps what its busiest moment took, and what
one has free no other can use. A worker mostly waits, so two heaps serve its threads as well. Where the C
library is another one (musl), nothing happens: it has no such heaps.
"""

from __future__ import annotations

import ctypes
import gc

TUNABLES = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
"""The variable that a worker is started with, by its unit, its image or its parent.

glibc keeps seven freed blocks of each of 64 sizes for each thread: up to 13 MB in 55 threads of a worker,
which fill for thousands of documents, cannot be returned, and look like a leak.
"""

_M_ARENA_MAX = -8
_ARENAS = 2


def limit_heaps() -> bool:
    """Let all threads of this process share two heaps; whether the C library took that.

    To be called before there are threads.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_ARENA_MAX, _ARENAS) == 1


def set_start_apart() -> None:
    """Leave what the start has made, and what stays for good, out of all later collections.

    CPython looks for cycles everywhere only when a quarter as many objects have been made as the last time
    survived. A worker begins with 135,000, so what some thousand documents leave in cycles would wait.
    """
    gc.collect()
    gc.freeze()


def release_free_memory() -> None:
    """Free what is left in cycles, and give whole free pages back to the system: it takes milliseconds."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
