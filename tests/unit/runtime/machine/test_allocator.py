"""Memory that many threads have freed goes back to the system."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from worker.runtime.machine.allocator import TUNABLES, limit_heaps, release_free_memory, set_start_apart

pytestmark = pytest.mark.unit

is_glibc = platform.libc_ver()[0] == "glibc"

# Two dozen threads, as a worker has, allocate at once: blocks too large for Python's own allocator and too
# small for a mapping of their own, of which those that stay keep the heap from shrinking at its end.
PROGRAM = """
import ctypes, re, threading
from worker.runtime.machine.allocator import limit_heaps, release_free_memory

def anonymous_kb():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c d e f g h i".split()]

{call}
barrier, kept = threading.Barrier(24), []

def work():
    blocks = [bytearray(6_000) for _ in range(200)]
    barrier.wait()
    kept.append(blocks[-1])

threads = [threading.Thread(target=work) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
before = anonymous_kb()
release_free_memory()
print(before - anonymous_kb(), open("/proc/self/maps").read().count("---p 00000000 00:00 0"))
"""


def run(call: str, program: str = PROGRAM, environment: Mapping[str, str] | None = None) -> tuple[int, int]:
    command = [sys.executable, "-c", program.format(call=call)]
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    released_kb, reserved = done.stdout.split()
    return int(released_kb), int(reserved)


@pytest.mark.skipif(not is_glibc, reason="other C libraries have no such heaps")
def test_threads_share_two_heaps_and_free_pages_go_back() -> None:
    released_kb, bounded = run("assert limit_heaps()")
    _, unbounded = run("")
    assert released_kb > 5_000
    # A heap beside the first one reserves addresses for its growth.
    assert bounded < unbounded


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.runtime.machine.allocator.ctypes.CDLL", lambda _name: object())
    assert not limit_heaps()
    release_free_memory()


# Each of 40 threads frees some blocks of every size that a thread may keep, and lives on.
KEEPING_PROGRAM = """
import ctypes, threading
from worker.runtime.machine.allocator import limit_heaps

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c d e f used g h".split()]

{call}
library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
begun, freed, end = threading.Barrier(41), threading.Barrier(41), threading.Event()

def work():
    begun.wait()
    blocks = [bytearray(size) for size in range(520, 1000, 16) for _ in range(7)]
    del blocks
    freed.wait()
    end.wait()

threads = [threading.Thread(target=work) for _ in range(40)]
for thread in threads: thread.start()
before = library.mallinfo2().used
begun.wait()
freed.wait()
after = library.mallinfo2().used
end.set()
print((after - before) // 1024, 0)
"""


@pytest.mark.skipif(not is_glibc, reason="other C libraries keep nothing for each thread")
def test_threads_keep_nothing_that_they_have_freed() -> None:
    kept_kb, _ = run("assert limit_heaps()", KEEPING_PROGRAM, {"GLIBC_TUNABLES": ""})
    tuned_kb, _ = run("assert limit_heaps()", KEEPING_PROGRAM, TUNABLES)
    assert kept_kb > 2_000
    assert tuned_kb < 500


@pytest.mark.parametrize("file", ["infra/host/cis-worker.service", "Dockerfile"])
def test_unit_and_image_start_the_worker_so(file: str) -> None:
    ((name, value),) = TUNABLES.items()
    text = (Path(__file__).parents[4] / file).read_text(encoding="utf-8")
    assert f"{name}={value}" in text


class Node:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_left_in_cycles_is_freed(without_collections: None) -> None:
    left = weakref.ref(Node())
    assert left() is not None

    release_free_memory()

    assert left() is None


def test_what_is_there_at_the_start_is_left_out_afterwards(without_collections: None) -> None:
    kept = Node()

    set_start_apart()
    try:
        assert gc.get_freeze_count() > 10_000
        assert not any(each is kept for each in gc.get_objects())
    finally:
        gc.unfreeze()


@pytest.fixture
def without_collections() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()
