"""The C library's memory allocator, set for a process with many threads that runs for weeks.

glibc gives threads heaps of their own, up to eight a core: each keeps what its busiest moment took, and what
one has free no other can use. A worker mostly waits, so two heaps serve its threads as well. Where the C
library is another one (musl), nothing happens: it has no such heaps.
"""

from __future__ import annotations

import ctypes

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


def release_free_memory() -> None:
    """Give whole free pages of the heaps back to the system, which takes milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
