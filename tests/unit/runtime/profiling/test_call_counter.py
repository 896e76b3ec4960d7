"""Calls of all threads, by cProfile."""

from __future__ import annotations

import sys
import threading

import pytest

from worker.runtime.profiling.call_counter import CallCounter

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(sys.version_info >= (3, 12), reason="profile_order refuses it there"),
]


def called() -> None:
    pass


def call(times: int) -> None:
    for _ in range(times):
        called()


def test_calls_of_this_thread_and_of_a_new_one_are_added_up() -> None:
    counter = CallCounter()
    counter.start()
    try:
        call(3)
        thread = threading.Thread(target=call, args=(4,))
        thread.start()
        thread.join()
        first = counter.calls()
        call(2)
        second = counter.calls()
    finally:
        counter.stop()
    name = next(name for name in first if name.endswith("test_call_counter.py:called"))
    assert (first[name][0], second[name][0]) == (7, 9)
    count, own_s, with_callees_s = second[next(name for name in second if name.endswith(":call"))]
    assert count == 3
    assert 0 <= own_s <= with_callees_s
