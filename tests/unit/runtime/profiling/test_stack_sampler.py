"""Stacks of all threads by their CPU, so that one that waits weighs nothing."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # it cannot be imported without pyinstrument
    from worker.runtime.profiling.stack_sampler import StackSampler

pytestmark = pytest.mark.unit

WORK_S = 0.3


@pytest.fixture
def sampler(require_module: Callable[..., None]) -> Iterator[StackSampler]:
    require_module("pyinstrument")
    from worker.runtime.profiling.stack_sampler import StackSampler

    sampler = StackSampler()
    yield sampler
    sampler.stop()


def spend(seconds: float) -> None:
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        hashlib.sha256(b"x" * 1000).digest()


def spend_in_a_thread() -> None:
    spend(WORK_S)


def wait_for(event: threading.Event) -> None:
    assert event.wait(60)


def cpu_s(sampler: StackSampler, function: str) -> float:
    return sum(s for stack, s in sampler.stacks().items() if f":{function}" in stack.replace("<locals>.", ""))


def test_each_thread_counts_with_its_own_cpu_and_a_wait_with_none(sampler: StackSampler) -> None:
    sampler.start(before=False)
    ended = threading.Event()
    threads = [threading.Thread(target=spend_in_a_thread), threading.Thread(target=wait_for, args=(ended,))]
    for thread in threads:
        thread.start()
    spend(WORK_S)
    threads[0].join()
    ended.set()
    threads[1].join()
    in_thread_s, in_all_s = cpu_s(sampler, "spend_in_a_thread"), cpu_s(sampler, "spend")
    assert 0.3 * WORK_S < in_thread_s < 1.5 * WORK_S
    assert 0.3 * WORK_S < in_all_s - in_thread_s < 1.5 * WORK_S
    assert cpu_s(sampler, "wait_for") < 0.1 * WORK_S


def test_frames_go_from_the_first_call_to_the_last_without_those_that_start_a_thread(
    sampler: StackSampler,
) -> None:
    sampler.start(before=False)
    thread = threading.Thread(target=spend_in_a_thread)
    thread.start()
    thread.join()
    stacks = [stack for stack in sampler.stacks() if "spend_in_a_thread" in stack]
    assert stacks
    assert all(stack.split(";")[0].endswith("test_stack_sampler.py:spend_in_a_thread") for stack in stacks)
    assert any(":spend;" in stack or stack.endswith(":spend") for stack in stacks)


def test_the_profiler_counts_what_it_uses_as_its_own(sampler: StackSampler) -> None:
    from worker.runtime.profiling.stack_sampler import PROFILER

    sampler.start(before=False)
    with sampler.pause():
        spend(WORK_S)
    assert sampler.stacks()[PROFILER] >= 0.9 * WORK_S
    assert cpu_s(sampler, "spend") == 0


def test_what_a_process_used_before_is_one_frame(sampler: StackSampler) -> None:
    from worker.runtime.profiling.stack_sampler import BEFORE

    used_s = time.process_time()
    sampler.start(before=True)
    assert sampler.stacks()[BEFORE] >= used_s


def test_what_threads_used_that_cannot_be_sampled_is_one_frame(sampler: StackSampler) -> None:
    from worker.runtime.profiling.stack_sampler import LIBRARIES

    begun = threading.Event()

    def spend_later() -> None:
        wait_for(begun)
        spend(WORK_S)

    # As a library's own thread, one from before has no hook.
    thread = threading.Thread(target=spend_later)
    thread.start()
    sampler.start(before=False)
    spend(WORK_S)
    assert sampler.stacks()[LIBRARIES] < 0.5 * WORK_S
    begun.set()
    thread.join()
    assert 0.9 * WORK_S <= sampler.stacks()[LIBRARIES] < 1.5 * WORK_S
